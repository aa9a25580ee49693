// The client of SDK v2.
package io.github.evercreds.scenario;

import io.github.evercreds.RefresherListener;
import io.github.evercreds.Status;
import io.github.evercreds.v2.EvercredsCredentialsProvider;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;

/** v2's {@code SqsClient}. */
final class V2Client extends SqsClientUnderTest {
    private final String queue;
    private final SqsClient sqs;
    private volatile EvercredsCredentialsProvider provider;

    private final class Timed implements AwsCredentialsProvider {
        @Override
        public AwsCredentials resolveCredentials() {
            return provider.resolveCredentials();
        }

        // The caller waits for the future, as a synchronous client does with it anyway, so that the wait can be measured.
        @Override
        public CompletableFuture<AwsCredentialsIdentity> resolveIdentity(ResolveIdentityRequest request) {
            long begun = System.nanoTime();
            String key = null;
            CompletableFuture<AwsCredentialsIdentity> answer = provider.resolveIdentity(request);
            try {
                key = answer.handle((identity, failure) -> identity == null ? null : identity.accessKeyId()).join();
            } finally {
                read(begun, key);
            }
            return answer;
        }
    }

    V2Client(World world) {
        queue = world.queue();
        SdkHttpClient http = UrlConnectionHttpClient.builder().connectionTimeout(java.time.Duration.ofSeconds(5))
                .socketTimeout(java.time.Duration.ofSeconds(5)).build();
        sqs = SqsClient.builder().endpointOverride(world.sqs()).region(Region.US_EAST_1).httpClient(http)
                .overrideConfiguration(c -> c.retryStrategy(AwsRetryStrategy.doNotRetry()))
                .credentialsProvider(new Timed()).build();
    }

    @Override
    String sdk() {
        return "v2";
    }

    @Override
    void start(Scenario.Provider how, URI imds, String label, RefresherListener listener) {
        EvercredsCredentialsProvider.Builder builder = EvercredsCredentialsProvider.builder().label(label).listener(listener);
        how.configure(builder, imds);
        provider = builder.build();
    }

    @Override
    void send() {
        sqs.sendMessage(m -> m.queueUrl(queue).messageBody("beat"));
    }

    @Override
    String codeOf(RuntimeException thrown) {
        return thrown instanceof AwsServiceException && ((AwsServiceException) thrown).awsErrorDetails() != null
                ? ((AwsServiceException) thrown).awsErrorDetails().errorCode() : "none";
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
            return provider.resolveCredentials();
        } catch (RuntimeException none) {
            return none;
        }
    }

    @Override
    void close() {
        sqs.close();
    }
}
