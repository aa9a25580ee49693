// The owner of a subscription to the engine: credentials that are always fresh, without any SDK.
package io.github.evercreds;

import io.github.evercreds.internal.Engines;
import io.github.evercreds.internal.Opening;
import io.github.evercreds.internal.OptionsBuilder;
import io.github.evercreds.internal.State;
import io.github.evercreds.internal.Subscription;
import java.time.Duration;
import java.util.Objects;

/**
 * Keeps AWS credentials fresh in the background and hands out the newest. Safe for use by any number of threads; a read
 * is one field load and one comparison. Refreshers with equal configurations share one engine cell, so many cost no
 * more requests than one. A refresher that becomes unreachable is closed.
 */
public final class Refresher implements AutoCloseable {
    private final Subscription subscription;
    private Memo memo;

    private static final class Memo {
        final State state;
        final Snapshot snapshot;

        Memo(State state) {
            this.state = state;
            this.snapshot = state.toSnapshot();
        }
    }

    private Refresher(Subscription subscription) {
        this.subscription = subscription;
    }

    /**
     * A refresher of the default chain in the order of SDK v2: JVM properties, environment variables, web identity,
     * profile, container, instance profile. A source that is declared and fails is an error; the next one does not take
     * its place, unless the builder's {@code fallThrough} says so.
     *
     * @return a new refresher; its first credentials are on their way
     * @throws EvercredsException if the engine cannot serve
     */
    public static Refresher create() {
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
     * The newest credentials. Waits only while nothing is held yet, at most the builder's {@code firstReadTimeout}, or
     * after a pause of the process or a rejected key, at most a second (once, for an expired set, the
     * {@code firstReadTimeout}). An interrupt ends the wait and stays set.
     *
     * @return never null
     * @throws EvercredsException if there are none to hand out; the message names the cause and the fix
     */
    public Snapshot credentials() {
        return snapshot(subscription.read());
    }

    /**
     * Credentials that live at least so long by this host's clock. A source that makes a new set at each asking is asked
     * if need be, at most once a minute, and the answer waited for, at most the builder's {@code firstReadTimeout}. Of a
     * source that gives one set until it rotates, as the instance metadata service does, the newest is held already:
     * asking again would change nothing, so this says how long it lives.
     *
     * @param minRemaining zero to 12 hours
     * @return never null
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is outside of that range
     * @throws EvercredsException if the source gives none that live so long, or there are none at all
     */
    public Snapshot credentials(Duration minRemaining) {
        Objects.requireNonNull(minRemaining, "minRemaining must not be null: a duration from PT0S to PT12H is needed");
        if (minRemaining.isNegative() || minRemaining.compareTo(Duration.ofHours(12)) > 0) {
            throw new IllegalArgumentException("minRemaining: " + minRemaining + " was given; PT0S to PT12H is allowed");
        }
        return snapshot(subscription.read(minRemaining));
    }

    // A race here makes one object too many, never a wrong one: the memo's fields are final.
    private Snapshot snapshot(State state) {
        Memo known = memo;
        if (known == null || known.state != state) {
            known = new Memo(state);
            memo = known;
        }
        return known.snapshot;
    }

    /**
     * How things stand. Cheap, never waits.
     *
     * @return never null
     */
    public Status status() {
        return subscription.status();
    }

    /**
     * Asks for a refresh now and waits for it, at most two seconds; within ten seconds of the last time, whoever asked,
     * does nothing. Never throws; what is held stays.
     */
    public void refresh() {
        subscription.refresh();
    }

    /**
     * Says that a service rejected the credentials with this access key id, for example with {@code ExpiredToken}. If
     * they are the held ones, new ones are fetched at once. Returns at once; of an id that is not held nothing comes.
     *
     * @param accessKeyId the id of the rejected key
     * @throws NullPointerException if it is null
     */
    public void invalidate(String accessKeyId) {
        subscription.invalidate(accessKeyId);
    }

    /** Gives the engine's cell back. What is held can be read until it expires; then reads throw. A second call does nothing. */
    @Override
    public void close() {
        subscription.close();
    }

    /**
     * Closes every refresher and provider of this class loader and ends the threads of this library: for a web
     * application that is being stopped. Waits at most four seconds. Later builds start the engine anew.
     */
    public static void shutdownAll() {
        Engines.shutdown();
    }

    /**
     * Label, phase and key id.
     *
     * @return one line without secrets
     */
    @Override
    public String toString() {
        return "Refresher[" + subscription + "]";
    }

    /** Builds a {@link Refresher}. For one thread. */
    public static final class Builder extends OptionsBuilder<Builder> {
        private Builder() {
            super(Order.V2);
        }

        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Whose default order and property names to follow; {@link Order#V2} if not set.
         *
         * @param order the SDK
         * @return this builder
         * @throws NullPointerException if it is null
         */
        public Builder order(Order order) {
            settings.order(order);
            return this;
        }

        /**
         * Builds the refresher and starts the engine if it does not run yet. The builder can be used again.
         *
         * @return a new refresher; its first credentials are on their way
         * @throws IllegalArgumentException if options do not fit together
         * @throws EvercredsException if the engine cannot serve
         */
        public Refresher build() {
            return new Refresher(Opening.forCore(settings));
        }
    }
}
