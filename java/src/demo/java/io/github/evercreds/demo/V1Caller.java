// How does an SQS client of SDK v1 look, but for the provider exactly as the SDK builds it?
package io.github.evercreds.demo;

import com.amazonaws.AmazonServiceException;
import com.amazonaws.ClientConfiguration;
import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import io.github.evercreds.v1.EvercredsCredentialsProvider;

/** SDK v1's SQS client: the SDK's own retries; HTTP timeouts far above anything the demo does to SQS (nothing). */
final class V1Caller implements Caller {
    private final Meter meter = new Meter();
    private final AWSCredentialsProvider provider;
    private final AmazonSQS client;
    private final String queue;

    V1Caller(AWSCredentialsProvider provider, String sqs, String queue) {
        this.provider = provider;
        this.queue = queue;
        int timeout = (int) DemoClients.HTTP_TIMEOUT.toMillis();
        this.client = AmazonSQSClientBuilder.standard()
                .withEndpointConfiguration(new EndpointConfiguration(sqs, DemoClients.REGION))
                .withClientConfiguration(new ClientConfiguration().withConnectionTimeout(timeout).withSocketTimeout(timeout))
                .withCredentials(new Metered())
                .build();
    }

    private final class Metered implements AWSCredentialsProvider {
        @Override
        public AWSCredentials getCredentials() {
            long asked = System.nanoTime();
            try {
                AWSCredentials credentials = provider.getCredentials();
                meter.handedOut(asked, credentials.getAWSAccessKeyId());
                return credentials;
            } catch (RuntimeException failure) {
                meter.refused(asked);
                throw failure;
            }
        }

        @Override
        public void refresh() {
            provider.refresh();
        }
    }

    @Override
    public String call() {
        try {
            client.sendMessage(queue, "hello");
            return OK;
        } catch (AmazonServiceException refused) {
            return String.valueOf(refused.getErrorCode());
        } catch (RuntimeException failure) {
            return failure.getClass().getSimpleName();
        }
    }

    @Override
    public Meter meter() {
        return meter;
    }

    @Override
    public String status() {
        return provider instanceof EvercredsCredentialsProvider
                ? ((EvercredsCredentialsProvider) provider).status().toJson() : provider.toString();
    }
}
