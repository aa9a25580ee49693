// One immutable picture of a cell: what is held, until when it may be used without asking, and how the last attempts went.
package io.github.evercreds.internal;

import io.github.evercreds.Phase;
import io.github.evercreds.Snapshot;
import java.time.Instant;

/** What the engine published last. All times are milliseconds of this host's wall clock, but the expiration, which is AWS's. */
public final class State {
    /** {@code expirationMillis} of credentials that do not expire; {@code serveUntilMillis} of a grant for ever. */
    static final long NEVER = Long.MAX_VALUE;
    /** {@code serveUntilMillis} without a grant; a time that has not been yet. */
    static final long NONE = Long.MIN_VALUE;

    static final int ERROR_NONE = 0;
    static final int ERROR_NON_RECOVERABLE = 4;

    /** What a cell holds before anything was published. */
    static final State EMPTY = new Builder().build();

    /** (run, generation) orders the states of a cell. */
    public final long run;
    public final long generation;
    public final Phase phase;
    /** Null if nothing is held. */
    public final String accessKeyId;
    public final String secretAccessKey;
    public final String sessionToken;
    public final String accountId;
    public final long expirationMillis;
    public final long serveUntilMillis;
    public final long nextAttemptMillis;
    public final long acceptedMillis;
    public final long lastSuccessMillis;
    public final String source;
    public final String identity;
    public final int errorKind;
    public final String errorMessage;
    public final String errorFix;
    public final int failures;
    public final long attempt;
    public final boolean inFlight;
    /** AWS's time minus this host's, as an interval. */
    public final long skewLoMillis;
    public final long skewHiMillis;
    public final boolean skewWitnessed;
    /** A service rejected the key that is held, and nothing has overruled it since. */
    public final boolean rejected;

    private State(Builder b) {
        run = b.run;
        generation = b.generation;
        phase = b.phase;
        accessKeyId = b.accessKeyId;
        secretAccessKey = b.secretAccessKey;
        sessionToken = b.sessionToken;
        accountId = b.accountId;
        expirationMillis = b.expirationMillis;
        serveUntilMillis = b.serveUntilMillis;
        nextAttemptMillis = b.nextAttemptMillis;
        acceptedMillis = b.acceptedMillis;
        lastSuccessMillis = b.lastSuccessMillis;
        source = b.source;
        identity = b.identity;
        errorKind = b.errorKind;
        errorMessage = b.errorMessage;
        errorFix = b.errorFix;
        failures = b.failures;
        attempt = b.attempt;
        inFlight = b.inFlight;
        skewLoMillis = b.skewLoMillis;
        skewHiMillis = b.skewHiMillis;
        skewWitnessed = b.skewWitnessed;
        rejected = b.rejected;
    }

    /** True if there is something to hand out. */
    public boolean held() {
        return accessKeyId != null && phase != Phase.DEAD;
    }

    /** True if the engine gave no grant: there is nothing to grant, or a service rejected the key and no attempt has ended since. */
    boolean withoutGrant() {
        return serveUntilMillis == NONE;
    }

    boolean newerThan(State other) {
        return run != other.run ? run > other.run : generation > other.generation;
    }

    boolean sameCredentials(State other) {
        return accessKeyId != null && accessKeyId.equals(other.accessKeyId) && expirationMillis == other.expirationMillis;
    }

    /** For the people's side; only if {@link #held()}. */
    public Snapshot toSnapshot() {
        return new Snapshot(accessKeyId, secretAccessKey, sessionToken, expiration(), accountId, source == null ? "unknown source" : source, identity);
    }

    /** When the credentials expire; null if never. */
    public Instant expiration() {
        return expirationMillis == NEVER ? null : Instant.ofEpochMilli(expirationMillis);
    }

    @Override
    public String toString() {
        return "State[" + run + "." + generation + " " + phase + " " + accessKeyId + "]";
    }

    /** Collects the parts; the engine gives all of them in one upcall. */
    static final class Builder {
        long run;
        long generation;
        Phase phase = Phase.NONE;
        String accessKeyId;
        String secretAccessKey;
        String sessionToken;
        String accountId;
        long expirationMillis = NEVER;
        long serveUntilMillis = NONE;
        long nextAttemptMillis = NONE;
        long acceptedMillis = NONE;
        long lastSuccessMillis = NONE;
        String source;
        String identity;
        int errorKind;
        String errorMessage;
        String errorFix;
        int failures;
        long attempt;
        boolean inFlight;
        long skewLoMillis;
        long skewHiMillis;
        boolean skewWitnessed;
        boolean rejected;

        State build() {
            return new State(this);
        }

        /**
         * What is held, and its grant, from an older state: a state that brings nothing erases nothing. An engine that
         * holds nothing asks for a new set, and of the end of the old one it cannot tell.
         */
        Builder keep(State older, long wallMillis) {
            boolean expired = older.expirationMillis <= wallMillis;
            boolean asked = older.phase == Phase.FRESH && older.expirationMillis != NEVER;
            phase = expired ? Phase.STALE : asked ? Phase.ADVISORY : older.phase;
            accessKeyId = older.accessKeyId;
            secretAccessKey = older.secretAccessKey;
            sessionToken = older.sessionToken;
            accountId = older.accountId;
            expirationMillis = older.expirationMillis;
            serveUntilMillis = older.serveUntilMillis;
            acceptedMillis = older.acceptedMillis;
            lastSuccessMillis = older.lastSuccessMillis;
            source = older.source;
            identity = older.identity;
            rejected = older.rejected;
            return this;
        }
    }
}
