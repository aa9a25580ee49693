// The provider for SDK v2 clients.
package io.github.evercreds.v2;

import io.github.evercreds.EvercredsException;
import io.github.evercreds.Order;
import io.github.evercreds.Status;
import io.github.evercreds.internal.NativeUnavailable;
import io.github.evercreds.internal.Opening;
import io.github.evercreds.internal.OptionsBuilder;
import io.github.evercreds.internal.State;
import io.github.evercreds.internal.Subscription;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;

/**
 * Credentials for SDK v2 clients that are always fresh. A read is one field load and one comparison; the refresh happens
 * elsewhere. Safe for use by any number of threads and clients; providers with equal configurations share one refresher.
 * Deliberately not closeable: the SDK closes closeable providers together with the client that uses them.
 *
 * <pre>SqsClient.builder().credentialsProvider(EvercredsCredentialsProvider.create())</pre>
 */
public final class EvercredsCredentialsProvider implements AwsCredentialsProvider {
    private final Opening<AwsCredentialsProvider> opening;
    private final Subscription subscription;
    private Memo memo;

    private static final class Memo {
        final State state;
        final AwsCredentials credentials;

        Memo(State state, AwsCredentials credentials) {
            this.state = state;
            this.credentials = credentials;
        }
    }

    private EvercredsCredentialsProvider(Opening<AwsCredentialsProvider> opening) {
        this.opening = opening;
        this.subscription = opening.subscription;
    }

    /**
     * A provider of the default chain: JVM system properties, environment variables, web identity, profile, container,
     * instance profile. A source that is declared and fails is an error; the next one does not take its place, unless the
     * builder's {@code fallThrough} says so. If the native library cannot be loaded, the SDK's
     * {@code DefaultCredentialsProvider} serves, with one warning in the log.
     *
     * @return a new provider; its first credentials are on their way
     * @throws SdkClientException if the configuration cannot be served
     */
    public static EvercredsCredentialsProvider create() {
        return builder().build();
    }

    /**
     * A builder with nothing set.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The newest credentials. Waits only while nothing is held yet, or shortly after a pause of the process or a
     * rejected key; see the builder's {@code firstReadTimeout}. An interrupt ends the wait and stays set.
     *
     * @return session credentials, or basic ones if the source has no session token; never null
     * @throws SdkClientException if there are none to hand out; the message names the cause and the fix
     */
    @Override
    public AwsCredentials resolveCredentials() {
        if (subscription == null) {
            return opening.standIn().resolveCredentials();
        }
        State state;
        try {
            state = subscription.read();
        } catch (NativeUnavailable failure) {
            return handOver(failure).resolveCredentials();
        } catch (EvercredsException | LinkageError failure) {
            throw SdkExceptions.of(failure);
        }
        Memo known = memo;
        return known != null && known.state == state ? known.credentials : remember(state);
    }

    /**
     * As {@link #resolveCredentials()}, but the caller never waits: while there is nothing to hand out the future is
     * pending, and is completed within the same bounds on a thread of this library. What depends on it and takes long
     * should go to an executor.
     *
     * @param request not looked at
     * @return a future of the newest credentials; it fails with {@code SdkClientException} if there are none
     */
    @Override
    public CompletableFuture<AwsCredentialsIdentity> resolveIdentity(ResolveIdentityRequest request) {
        try {
            if (subscription == null) {
                return standInIdentity(opening.standIn());
            }
            CompletableFuture<State> reading = subscription.readAsync();
            if (reading.isDone() && !reading.isCompletedExceptionally()) {
                return CompletableFuture.completedFuture(credentials(reading.join()));
            }
            CompletableFuture<AwsCredentialsIdentity> answer = new CompletableFuture<>();
            reading.whenComplete((state, failure) -> settle(answer, state, failure));
            return answer;
        } catch (EvercredsException | LinkageError failure) {
            return failed(failure);
        } catch (SdkClientException failure) {
            return failed(failure);
        }
    }

    private void settle(CompletableFuture<AwsCredentialsIdentity> answer, State state, Throwable failure) {
        Throwable cause = failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        try {
            if (cause instanceof NativeUnavailable) {
                // The SDK's provider may block, so it gets a thread: neither the caller's nor ours may wait for it.
                AwsCredentialsProvider provider = handOver((NativeUnavailable) cause);
                CompletableFuture.supplyAsync(provider::resolveCredentials).whenComplete((credentials, refused) -> {
                    if (refused != null) {
                        answer.completeExceptionally(refused instanceof CompletionException && refused.getCause() != null ? refused.getCause() : refused);
                    } else {
                        answer.complete(credentials);
                    }
                });
            } else if (cause != null) {
                answer.completeExceptionally(SdkExceptions.of(cause));
            } else {
                answer.complete(credentials(state));
            }
        } catch (RuntimeException | LinkageError fault) {
            answer.completeExceptionally(SdkExceptions.of(fault));
        }
    }

    /** Reads the stand-in as the SDK's own default method does: on the caller's thread. */
    private static CompletableFuture<AwsCredentialsIdentity> standInIdentity(AwsCredentialsProvider provider) {
        return CompletableFuture.completedFuture(provider.resolveCredentials());
    }

    private static CompletableFuture<AwsCredentialsIdentity> failed(Throwable failure) {
        CompletableFuture<AwsCredentialsIdentity> future = new CompletableFuture<>();
        future.completeExceptionally(SdkExceptions.of(failure));
        return future;
    }

    private AwsCredentials credentials(State state) {
        Memo known = memo;
        return known != null && known.state == state ? known.credentials : remember(state);
    }

    // A race here makes one object too many, never a wrong one: the memo's fields are final.
    private AwsCredentials remember(State state) {
        try {
            AwsCredentials credentials = SdkFeatures.credentials(state);
            memo = new Memo(state, credentials);
            return credentials;
        } catch (LinkageError failure) {
            throw SdkExceptions.of(failure);
        }
    }

    private AwsCredentialsProvider handOver(NativeUnavailable failure) {
        try {
            return opening.handOver(failure);
        } catch (EvercredsException refused) {
            throw SdkExceptions.of(refused);
        }
    }

    /**
     * Asks for a refresh now and waits for it, at most two seconds; within ten seconds of the last time, whoever asked,
     * does nothing. Never throws; what is held stays.
     */
    public void refresh() {
        if (subscription != null) {
            subscription.refresh();
        }
    }

    /**
     * Says that a service rejected the credentials with this access key id. If they are the held ones, new ones are
     * fetched at once. Returns at once.
     *
     * @param accessKeyId the id of the rejected key
     * @throws NullPointerException if it is null
     */
    public void invalidate(String accessKeyId) {
        Objects.requireNonNull(accessKeyId, "accessKeyId must not be null: the id of the rejected key is needed");
        if (subscription != null) {
            subscription.invalidate(accessKeyId);
        }
    }

    /**
     * How things stand. Cheap, never waits.
     *
     * @return never null
     */
    public Status status() {
        return subscription != null ? subscription.status() : opening.delegatedStatus();
    }

    /**
     * Who serves, and how it stands.
     *
     * @return one line without secrets
     */
    @Override
    public String toString() {
        return "EvercredsCredentialsProvider[" + (subscription != null ? subscription : opening.standIn().getClass().getSimpleName() + " stands in") + "]";
    }

    /** Builds a provider. For one thread. */
    public static final class Builder extends OptionsBuilder<Builder> {
        private Builder() {
            super(Order.V2);
        }

        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Builds the provider and starts the engine if it does not run yet. The builder can be used again.
         *
         * @return a new provider; its first credentials are on their way
         * @throws IllegalArgumentException if options do not fit together
         * @throws SdkClientException if the engine cannot serve and the SDK's own provider could not honour what was asked for
         */
        public EvercredsCredentialsProvider build() {
            try {
                return new EvercredsCredentialsProvider(Opening.forSdk(settings, StandIn::of));
            } catch (EvercredsException | LinkageError failure) {
                throw SdkExceptions.of(failure);
            }
        }
    }
}
