// The provider for SDK v1 clients.
package io.github.evercreds.v1;

import com.amazonaws.SdkClientException;
import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AWSCredentialsProvider;
import io.github.evercreds.EvercredsException;
import io.github.evercreds.Order;
import io.github.evercreds.Status;
import io.github.evercreds.internal.NativeUnavailable;
import io.github.evercreds.internal.Opening;
import io.github.evercreds.internal.OptionsBuilder;
import io.github.evercreds.internal.State;
import io.github.evercreds.internal.Subscription;
import java.util.Objects;

/**
 * Credentials for SDK v1 clients that are always fresh. A read is one field load and one comparison; the refresh happens
 * elsewhere. Safe for use by any number of threads and clients; providers with equal configurations share one refresher.
 *
 * <pre>AmazonSQSClientBuilder.standard().withCredentials(EvercredsCredentialsProvider.create())</pre>
 */
public final class EvercredsCredentialsProvider implements AWSCredentialsProvider {
    private final Opening<AWSCredentialsProvider> opening;
    private final Subscription subscription;
    private Memo memo;

    private static final class Memo {
        final State state;
        final AWSCredentials credentials;

        Memo(State state, AWSCredentials credentials) {
            this.state = state;
            this.credentials = credentials;
        }
    }

    private static final class Shared {
        static final EvercredsCredentialsProvider INSTANCE = create();
    }

    private EvercredsCredentialsProvider(Opening<AWSCredentialsProvider> opening) {
        this.opening = opening;
        this.subscription = opening.subscription;
    }

    /**
     * A provider of the default chain: environment variables, JVM system properties, web identity, profile, container,
     * instance profile. A source that is declared and fails is an error; the next one does not take its place, unless the
     * builder's {@code fallThrough} says so. If the native library cannot be loaded, the SDK's
     * {@code DefaultAWSCredentialsProviderChain} serves, with one warning in the log.
     *
     * @return a new provider; its first credentials are on their way
     * @throws SdkClientException if the configuration cannot be served
     */
    public static EvercredsCredentialsProvider create() {
        return builder().build();
    }

    /**
     * The provider of the default chain that all callers share. After {@link io.github.evercreds.Refresher#shutdownAll()}
     * it stays closed, as every other; {@link #create()} makes a new one.
     *
     * @return always the same one
     * @throws SdkClientException if the configuration cannot be served
     */
    public static EvercredsCredentialsProvider getInstance() {
        try {
            return Shared.INSTANCE;
        } catch (ExceptionInInitializerError failed) {
            throw SdkExceptions.of(failed.getCause());
        } catch (NoClassDefFoundError failedBefore) {
            return create();    // reports the cause anew, or serves if it is gone
        }
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
    public AWSCredentials getCredentials() {
        if (subscription == null) {
            return opening.standIn().getCredentials();
        }
        State state;
        try {
            state = subscription.read();
        } catch (NativeUnavailable failure) {
            return handOver(failure).getCredentials();
        } catch (EvercredsException | LinkageError failure) {
            throw SdkExceptions.of(failure);
        }
        Memo known = memo;
        return known != null && known.state == state ? known.credentials : remember(state);
    }

    // A race here makes one object too many, never a wrong one: the memo's fields are final.
    private AWSCredentials remember(State state) {
        try {
            AWSCredentials credentials = SdkFeatures.credentials(state);
            memo = new Memo(state, credentials);
            return credentials;
        } catch (LinkageError failure) {
            throw SdkExceptions.of(failure);
        }
    }

    private AWSCredentialsProvider handOver(NativeUnavailable failure) {
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
    @Override
    public void refresh() {
        if (subscription != null) {
            subscription.refresh();
        } else {
            opening.standIn().refresh();
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
            super(Order.V1);
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
