// The client of SDK v1.
package io.github.evercreds.scenario;

import com.amazonaws.AmazonServiceException;
import com.amazonaws.ClientConfiguration;
import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.client.builder.AwsClientBuilder;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Status;
import io.github.evercreds.v1.EvercredsCredentialsProvider;
import java.net.URI;

/** v1's {@code AmazonSQS}. */
final class V1Client extends SqsClientUnderTest {
    private final String queue;
    private final AmazonSQS sqs;
    private volatile EvercredsCredentialsProvider provider;

    V1Client(World world) {
        queue = world.queue();
        sqs = AmazonSQSClientBuilder.standard()
                .withEndpointConfiguration(new AwsClientBuilder.EndpointConfiguration(world.sqs().toString(), "us-east-1"))
                .withClientConfiguration(new ClientConfiguration().withMaxErrorRetry(0).withConnectionTimeout(5000).withSocketTimeout(5000))
                .withCredentials(new AWSCredentialsProvider() {
                    @Override
                    public AWSCredentials getCredentials() {
                        long begun = System.nanoTime();
                        String key = null;
                        try {
                            AWSCredentials credentials = provider.getCredentials();
                            key = credentials.getAWSAccessKeyId();
                            return credentials;
                        } finally {
                            read(begun, key);
                        }
                    }

                    @Override
                    public void refresh() {
                        provider.refresh();
                    }
                }).build();
    }

    @Override
    String sdk() {
        return "v1";
    }

    @Override
    void start(Scenario.Provider how, URI imds, String label, RefresherListener listener) {
        EvercredsCredentialsProvider.Builder builder = EvercredsCredentialsProvider.builder().label(label).listener(listener);
        how.configure(builder, imds);
        provider = builder.build();
    }

    @Override
    void send() {
        sqs.sendMessage(queue, "beat");
    }

    @Override
    String codeOf(RuntimeException thrown) {
        return thrown instanceof AmazonServiceException ? ((AmazonServiceException) thrown).getErrorCode() : "none";
    }

    @Override
    Status status() {
        return provider.status();
    }

    @Override
    void invalidate(String key) {
        provider.invalidate(key);
    }

    @Override
    void refresh() {
        provider.refresh();
    }

    @Override
    Object[] objects() {
        return new Object[] {provider, provider.status(), provider.status().toJson(), EvercredsCredentialsProvider.builder(), held()};
    }

    private Object held() {
        try {
            return provider.getCredentials();
        } catch (RuntimeException none) {
            return none;
        }
    }

    @Override
    void close() {
        sqs.shutdown();
    }
}
