// How does an SQS client of SDK v2 look, but for the provider exactly as the SDK builds it?
package io.github.evercreds.demo;

import io.github.evercreds.v2.EvercredsCredentialsProvider;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.SendMessageRequest;

/** SDK v2's SQS client: the SDK's own retries; HTTP timeouts far above anything the demo does to SQS (nothing). */
final class V2Caller implements Caller {
    private final Meter meter = new Meter();
    private final AwsCredentialsProvider provider;
    private final SqsClient client;
    private final SendMessageRequest message;

    V2Caller(AwsCredentialsProvider provider, String sqs, String queue) {
        this.provider = provider;
        this.message = SendMessageRequest.builder().queueUrl(queue).messageBody("hello").build();
        this.client = SqsClient.builder()
                .endpointOverride(URI.create(sqs))
                .region(Region.of(DemoClients.REGION))
                .httpClientBuilder(UrlConnectionHttpClient.builder()
                        .connectionTimeout(DemoClients.HTTP_TIMEOUT)
                        .socketTimeout(DemoClients.HTTP_TIMEOUT))
                .credentialsProvider(new Metered())
                .build();
    }

    private final class Metered implements AwsCredentialsProvider {
        @Override
        public AwsCredentials resolveCredentials() {
            long asked = System.nanoTime();
            try {
                AwsCredentials credentials = provider.resolveCredentials();
                meter.handedOut(asked, credentials.accessKeyId());
                return credentials;
            } catch (RuntimeException failure) {
                meter.refused(asked);
                throw failure;
            }
        }

        @Override
        public CompletableFuture<AwsCredentialsIdentity> resolveIdentity(ResolveIdentityRequest request) {
            long asked = System.nanoTime();
            CompletableFuture<AwsCredentialsIdentity> answer;
            try {
                answer = provider.resolveIdentity(request).thenApply(identity -> identity);
            } catch (RuntimeException failure) {
                meter.refused(asked);
                throw failure;
            }
            // What is returned completes after the meter has noted it.
            return answer.whenComplete((identity, failure) -> {
                if (failure == null) {
                    meter.handedOut(asked, identity.accessKeyId());
                } else {
                    meter.refused(asked);
                }
            });
        }
    }

    @Override
    public String call() {
        try {
            client.sendMessage(message);
            return OK;
        } catch (AwsServiceException refused) {
            return String.valueOf(refused.awsErrorDetails().errorCode());
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
