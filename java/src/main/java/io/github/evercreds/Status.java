// How things stand, for a person at 3 a.m. and, as JSON, for a machine.
package io.github.evercreds;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * How things stood when it was asked for. Immutable, safe for use by any thread, without secrets. All times are UTC; the
 * expiration is in AWS's time, the others are by this host's clock.
 */
public final class Status {
    private final Builder d;
    private final Instant taken;

    private Status(Builder builder) {
        this.d = builder;
        this.taken = Instant.now();
    }

    /** One change. */
    public static final class Transition {
        final Instant at;
        final Phase phase;
        final String what;

        /**
         * Makes a transition.
         *
         * @param at when it was seen
         * @param phase the phase after it
         * @param what what happened
         */
        public Transition(Instant at, Phase phase, String what) {
            this.at = Objects.requireNonNull(at, "at must not be null");
            this.phase = Objects.requireNonNull(phase, "phase must not be null");
            this.what = Objects.requireNonNull(what, "what must not be null");
        }

        /**
         * When it was seen.
         *
         * @return a time of this host's clock
         */
        public Instant at() {
            return at;
        }

        /**
         * The phase after it.
         *
         * @return never null
         */
        public Phase phase() {
            return phase;
        }

        /**
         * What happened.
         *
         * @return one line
         */
        public String what() {
            return what;
        }

        /**
         * Time, phase and event.
         *
         * @return one line
         */
        @Override
        public String toString() {
            return at + " " + phase + " " + what;
        }
    }

    /** Collects the parts; of use to this library only. */
    public static final class Builder {
        String label = "";
        Phase phase = Phase.NONE;
        String servedBy = StatusText.OURSELVES;
        String trouble;
        String accessKeyId;
        String source;
        String identity;
        String accountId;
        long run;
        long generation;
        Instant accepted;
        Instant expiration;
        Instant lastSuccess;
        String lastError;
        String lastErrorFix;
        int failures;
        long attempts;
        boolean attemptRunning;
        Instant nextAttempt;
        Duration clockFrom = Duration.ZERO;
        Duration clockTo = Duration.ZERO;
        boolean clockWitnessed;
        boolean rejected;
        boolean closed;
        List<Transition> transitions = Collections.emptyList();

        /** Starts with nothing known. */
        public Builder() { }

        /**
         * The name.
         *
         * @param value the label
         * @return this
         */
        public Builder label(String value) {
            label = value;
            return this;
        }

        /**
         * Who hands out the credentials, if not this library, and why.
         *
         * @param who the SDK's provider
         * @param why the reason
         * @return this
         */
        public Builder delegated(String who, String why) {
            servedBy = who;
            trouble = why;
            return this;
        }

        /**
         * The engine's trouble.
         *
         * @param value one line, or null
         * @return this
         */
        public Builder trouble(String value) {
            trouble = value;
            return this;
        }

        /**
         * What is held.
         *
         * @param newPhase the phase
         * @param keyId the access key id, or null
         * @param from the source, or null
         * @param who the identity, or null
         * @param account the account id, or null
         * @return this
         */
        public Builder held(Phase newPhase, String keyId, String from, String who, String account) {
            phase = newPhase;
            accessKeyId = keyId;
            source = from;
            identity = who;
            accountId = account;
            return this;
        }

        /**
         * Which state it is.
         *
         * @param runNumber the engine's run
         * @param generationNumber the state's number in that run
         * @return this
         */
        public Builder generation(long runNumber, long generationNumber) {
            run = runNumber;
            generation = generationNumber;
            return this;
        }

        /**
         * The times; each may be null.
         *
         * @param acceptedAt when the held set was accepted
         * @param expiresAt when it expires
         * @param successAt the last success
         * @param nextAt the next attempt
         * @return this
         */
        public Builder times(Instant acceptedAt, Instant expiresAt, Instant successAt, Instant nextAt) {
            accepted = acceptedAt;
            expiration = expiresAt;
            lastSuccess = successAt;
            nextAttempt = nextAt;
            return this;
        }

        /**
         * How the attempts went.
         *
         * @param error the last error, or null
         * @param fix what to do about it, or null
         * @param failuresInARow the failures since the last success
         * @param started the attempts started so far
         * @param running whether one runs now
         * @return this
         */
        public Builder attempts(String error, String fix, int failuresInARow, long started, boolean running) {
            lastError = error;
            lastErrorFix = fix;
            failures = failuresInARow;
            attempts = started;
            attemptRunning = running;
            return this;
        }

        /**
         * AWS's time minus this host's, as an interval.
         *
         * @param from the least it can be
         * @param to the most it can be
         * @param witnessed whether a witness says so, not this host's clock alone
         * @return this
         */
        public Builder clock(Duration from, Duration to, boolean witnessed) {
            clockFrom = from;
            clockTo = to;
            clockWitnessed = witnessed;
            return this;
        }

        /**
         * Two marks.
         *
         * @param keyRejected whether the held key may not be used without asking
         * @param isClosed whether the refresher was closed
         * @return this
         */
        public Builder marks(boolean keyRejected, boolean isClosed) {
            rejected = keyRejected;
            closed = isClosed;
            return this;
        }

        /**
         * The last changes.
         *
         * @param value oldest first
         * @return this
         */
        public Builder transitions(List<Transition> value) {
            transitions = Collections.unmodifiableList(new ArrayList<>(value));
            return this;
        }

        /**
         * The status. The builder is used up.
         *
         * @return a status
         */
        public Status build() {
            return new Status(this);
        }
    }

    /**
     * The name in logs.
     *
     * @return never null
     */
    public String label() {
        return d.label;
    }

    /**
     * How near to their end the held credentials are.
     *
     * @return never null
     */
    public Phase phase() {
        return d.phase;
    }

    /**
     * Who hands out the credentials: {@code evercreds}, or the name of the SDK's provider that stands in.
     *
     * @return never null
     */
    public String servedBy() {
        return d.servedBy;
    }

    /**
     * What is wrong with the engine, or why an SDK's provider stands in.
     *
     * @return empty if all is well
     */
    public Optional<String> trouble() {
        return Optional.ofNullable(d.trouble);
    }

    /**
     * The id of the held access key.
     *
     * @return empty if nothing is held
     */
    public Optional<String> accessKeyId() {
        return Optional.ofNullable(d.accessKeyId);
    }

    /**
     * The source that answered.
     *
     * @return empty if none has yet
     */
    public Optional<String> source() {
        return Optional.ofNullable(d.source);
    }

    /**
     * Whom the held credentials speak for, for example the role's name.
     *
     * @return empty if nothing is held or the source did not say
     */
    public Optional<String> identity() {
        return Optional.ofNullable(d.identity);
    }

    /**
     * The twelve-digit account id.
     *
     * @return empty if it is not known
     */
    public Optional<String> accountId() {
        return Optional.ofNullable(d.accountId);
    }

    /**
     * The engine's run; it counts up when the engine had to be started anew.
     *
     * @return 1 or more, 0 before the first answer
     */
    public long run() {
        return d.run;
    }

    /**
     * The number of the state in its run.
     *
     * @return it strictly increases within a run
     */
    public long generation() {
        return d.generation;
    }

    /**
     * When the held credentials were accepted.
     *
     * @return empty if nothing is held
     */
    public Optional<Instant> issued() {
        return Optional.ofNullable(d.accepted);
    }

    /**
     * When the held credentials expire, in AWS's time.
     *
     * @return empty if nothing is held or they do not expire
     */
    public Optional<Instant> expiration() {
        return Optional.ofNullable(d.expiration);
    }

    /**
     * When an attempt last worked.
     *
     * @return empty if none did yet
     */
    public Optional<Instant> lastSuccess() {
        return Optional.ofNullable(d.lastSuccess);
    }

    /**
     * The last error since the last success.
     *
     * @return empty if the last attempt worked
     */
    public Optional<String> lastError() {
        return Optional.ofNullable(d.lastError);
    }

    /**
     * What to do about the last error.
     *
     * @return empty if there is no error, or no advice
     */
    public Optional<String> lastErrorFix() {
        return Optional.ofNullable(d.lastErrorFix);
    }

    /**
     * The failures in a row.
     *
     * @return zero or more
     */
    public int failures() {
        return d.failures;
    }

    /**
     * The attempts started so far.
     *
     * @return zero or more
     */
    public long attempts() {
        return d.attempts;
    }

    /**
     * When the next attempt is due.
     *
     * @return empty if none is planned or known
     */
    public Optional<Instant> nextAttempt() {
        return Optional.ofNullable(d.nextAttempt);
    }

    /**
     * The least that AWS's time minus this host's can be.
     *
     * @return negative if this host's clock is ahead
     */
    public Duration clockOffsetFrom() {
        return d.clockFrom;
    }

    /**
     * The most that AWS's time minus this host's can be.
     *
     * @return negative if this host's clock is ahead
     */
    public Duration clockOffsetTo() {
        return d.clockTo;
    }

    /**
     * Whether a witness confirms that interval; else this host's clock is believed.
     *
     * @return true if so
     */
    public boolean clockWitnessed() {
        return d.clockWitnessed;
    }

    /**
     * Whether a service rejected the held key and no better one is to be had yet.
     *
     * @return true if so
     */
    public boolean rejected() {
        return d.rejected;
    }

    /**
     * Whether the refresher was closed.
     *
     * @return true if so
     */
    public boolean closed() {
        return d.closed;
    }

    /**
     * The last changes, at most 64.
     *
     * @return oldest first; immutable
     */
    public List<Transition> transitions() {
        return d.transitions;
    }

    /**
     * Says how things stand, in words.
     *
     * @return several lines; no secrets
     */
    @Override
    public String toString() {
        return StatusText.words(d, taken);
    }

    /**
     * The same as one JSON object. Times are ISO-8601 in UTC; what is not known is null.
     *
     * @return one line of JSON; no secrets
     */
    public String toJson() {
        return StatusText.json(d);
    }
}
