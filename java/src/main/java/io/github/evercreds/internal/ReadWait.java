// One read that may not be answered at once: when it ends, and how. The sync path and the futures share it.
package io.github.evercreds.internal;

import io.github.evercreds.EvercredsException;
import io.github.evercreds.Phase;

/** A read that waits: for the first credentials, or for a state with a grant. Each poll judges the newest state. */
final class ReadWait {
    /** What is waited for. */
    enum Kind { FIRST, GRANT }

    private static final long SELF_GRANT_NANOS = 5_000_000_000L;

    private final Kind kind;
    private final Subscription reader;
    private final CredentialsCell cell;
    private final Engine engine;
    private final Clock clock;
    private final long timeoutNanos;
    private final long deadlineNanos;

    ReadWait(Kind kind, Subscription reader, Engine engine, Clock clock, long timeoutNanos) {
        this.kind = kind;
        this.reader = reader;
        this.cell = reader.cell();
        this.engine = engine;
        this.clock = clock;
        this.timeoutNanos = timeoutNanos;
        this.deadlineNanos = clock.nanos() + timeoutNanos;
    }

    long remaining(long nowNanos) {
        return deadlineNanos - nowNanos;
    }

    /**
     * Judges the newest state.
     *
     * @return what may be handed out, or null: wait on
     * @throws EvercredsException if the read has failed
     */
    State poll() {
        State s = cell.state();
        if (clock.wallMillis() < s.serveUntilMillis) {
            return s;
        }
        if (reader.closed()) {
            return reader.afterClose(s, clock.wallMillis());
        }
        if (s.phase == Phase.DEAD) {
            throw ReadFailures.dead(cell, s);
        }
        boolean over = remaining(clock.nanos()) <= 0;
        return kind == Kind.FIRST ? pollFirst(s, over) : pollGrant(s, over);
    }

    private State pollFirst(State s, boolean over) {
        if (s.held()) {
            return s;
        }
        if (s.errorKind == State.ERROR_NON_RECOVERABLE || cell.fullWaitTimedOut(s.attempt, timeoutNanos)) {
            throw ReadFailures.nothingHeld(cell, s, null);
        }
        if (over) {
            cell.noteFullWait(s.attempt, timeoutNanos);
            if (!engine.alive()) {
                throw new NativeUnavailable("the engine does not answer: " + ReadFailures.nothingHeld(cell, s, null).getMessage(), null);
            }
            throw ReadFailures.nothingHeld(cell, s, timeoutNanos);
        }
        cell.nudgeReader(engine, clock, s);
        return null;
    }

    private State pollGrant(State s, boolean over) {
        if (cell.selfGranted(s, clock.nanos())) {
            return s;
        }
        if (over) {
            cell.selfGrant(s, clock.nanos() + SELF_GRANT_NANOS, clock.wallMillis());
            return s;
        }
        cell.nudgeReader(engine, clock, s);
        return null;
    }
}
