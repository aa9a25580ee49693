// A status as it is made: of what is known of a cell, or of the SDK's provider that stands in.
package io.github.evercreds.internal;

import io.github.evercreds.Phase;
import io.github.evercreds.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The one implementation of {@link Status}. */
final class StatusValue implements Status {
    private final Builder d;
    private final Instant taken;

    private StatusValue(Builder builder) {
        this.d = builder;
        this.taken = Instant.now();
    }

    /** One change. */
    static final class Change implements Transition {
        private final Instant at;
        private final Phase phase;
        private final String what;

        Change(Instant at, Phase phase, String what) {
            this.at = Objects.requireNonNull(at, "at must not be null");
            this.phase = Objects.requireNonNull(phase, "phase must not be null");
            this.what = Objects.requireNonNull(what, "what must not be null");
        }

        @Override
        public Instant at() {
            return at;
        }

        @Override
        public Phase phase() {
            return phase;
        }

        @Override
        public String what() {
            return what;
        }

        @Override
        public String toString() {
            return at + " " + phase + " " + what;
        }
    }

    /** Collects the parts; the order does not matter. Used up by {@link #build}. */
    static final class Builder {
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

        Builder label(String value) {
            label = value;
            return this;
        }

        Builder delegated(String who, String why) {
            servedBy = who;
            trouble = why;
            return this;
        }

        Builder trouble(String value) {
            trouble = value;
            return this;
        }

        Builder held(Phase newPhase, String keyId, String from, String who, String account) {
            phase = newPhase;
            accessKeyId = keyId;
            source = from;
            identity = who;
            accountId = account;
            return this;
        }

        Builder generation(long runNumber, long generationNumber) {
            run = runNumber;
            generation = generationNumber;
            return this;
        }

        Builder times(Instant acceptedAt, Instant expiresAt, Instant successAt, Instant nextAt) {
            accepted = acceptedAt;
            expiration = expiresAt;
            lastSuccess = successAt;
            nextAttempt = nextAt;
            return this;
        }

        Builder attempts(String error, String fix, int failuresInARow, long started, boolean running) {
            lastError = error;
            lastErrorFix = fix;
            failures = failuresInARow;
            attempts = started;
            attemptRunning = running;
            return this;
        }

        Builder clock(Duration from, Duration to, boolean witnessed) {
            clockFrom = from;
            clockTo = to;
            clockWitnessed = witnessed;
            return this;
        }

        Builder marks(boolean keyRejected, boolean isClosed) {
            rejected = keyRejected;
            closed = isClosed;
            return this;
        }

        Builder transitions(List<Transition> value) {
            transitions = Collections.unmodifiableList(new ArrayList<>(value));
            return this;
        }

        Status build() {
            return new StatusValue(this);
        }
    }

    @Override
    public String label() {
        return d.label;
    }

    @Override
    public Phase phase() {
        return d.phase;
    }

    @Override
    public String servedBy() {
        return d.servedBy;
    }

    @Override
    public Optional<String> trouble() {
        return Optional.ofNullable(d.trouble);
    }

    @Override
    public Optional<String> accessKeyId() {
        return Optional.ofNullable(d.accessKeyId);
    }

    @Override
    public Optional<String> source() {
        return Optional.ofNullable(d.source);
    }

    @Override
    public Optional<String> identity() {
        return Optional.ofNullable(d.identity);
    }

    @Override
    public Optional<String> accountId() {
        return Optional.ofNullable(d.accountId);
    }

    @Override
    public long run() {
        return d.run;
    }

    @Override
    public long generation() {
        return d.generation;
    }

    @Override
    public Optional<Instant> issued() {
        return Optional.ofNullable(d.accepted);
    }

    @Override
    public Optional<Instant> expiration() {
        return Optional.ofNullable(d.expiration);
    }

    @Override
    public Optional<Instant> lastSuccess() {
        return Optional.ofNullable(d.lastSuccess);
    }

    @Override
    public Optional<String> lastError() {
        return Optional.ofNullable(d.lastError);
    }

    @Override
    public Optional<String> lastErrorFix() {
        return Optional.ofNullable(d.lastErrorFix);
    }

    @Override
    public int failures() {
        return d.failures;
    }

    @Override
    public long attempts() {
        return d.attempts;
    }

    @Override
    public Optional<Instant> nextAttempt() {
        return Optional.ofNullable(d.nextAttempt);
    }

    @Override
    public Duration clockOffsetFrom() {
        return d.clockFrom;
    }

    @Override
    public Duration clockOffsetTo() {
        return d.clockTo;
    }

    @Override
    public boolean clockWitnessed() {
        return d.clockWitnessed;
    }

    @Override
    public boolean rejected() {
        return d.rejected;
    }

    @Override
    public boolean closed() {
        return d.closed;
    }

    @Override
    public List<Transition> transitions() {
        return d.transitions;
    }

    @Override
    public String toString() {
        return StatusText.words(d, taken);
    }

    @Override
    public String toJson() {
        return StatusText.json(d);
    }
}
