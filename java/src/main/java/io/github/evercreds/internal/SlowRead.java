// The read path behind the fast one: what happens when the newest state has no grant for now. One place for every row of
// the table "The Java read path".
package io.github.evercreds.internal;

import io.github.evercreds.EvercredsException;
import io.github.evercreds.Phase;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Reads without a grant. Stateless: what one batch of readers must know of another stands in the cell. */
final class SlowRead {
    private static final long GRANT_WAIT_NANOS = 1_000_000_000L;
    private static final long REFRESH_WAIT_NANOS = 2_000_000_000L;
    /** An attempt that was asked for and is allowed starts at once; after so long without one it was not allowed. */
    private static final long ATTEMPT_START_NANOS = 500_000_000L;

    private final Engine engine;
    private final Clock clock;
    private final Dispatcher dispatcher;

    SlowRead(Engine engine, Clock clock, Dispatcher dispatcher) {
        this.engine = engine;
        this.clock = clock;
        this.dispatcher = dispatcher;
    }

    /** The state to hand out. Waits within its bounds, but never on a thread of ours. */
    State read(Subscription reader) {
        CredentialsCell cell = reader.cell();
        State s = cell.state();
        long wall = clock.wallMillis();
        if (wall < s.serveUntilMillis) {
            return s;
        }
        if (reader.closed()) {
            return reader.afterClose(s, wall);
        }
        try {
            if (engine.ensureRunning() && s.held()) {
                return s;
            }
        } catch (NativeUnavailable noEngine) {
            if (s.held()) {
                return s;
            }
            throw noEngine;
        }
        if (cell.selfGranted(s, clock.nanos()) && s.held()) {
            return s;
        }
        cell.nudgeReader(engine, clock, s);
        if (s.phase == Phase.DEAD) {
            throw ReadFailures.dead(cell, s);
        }
        if (OwnThreads.current()) {
            if (s.held()) {
                return s;
            }
            throw ReadFailures.onOwnThread(cell);
        }
        return await(cell, waitFor(reader, s, wall));
    }

    /** As {@link #read}, but the caller never blocks: a future that is not done yet is completed by the dispatcher. */
    CompletableFuture<State> readAsync(Subscription reader) {
        CompletableFuture<State> future = new CompletableFuture<>();
        CredentialsCell cell = reader.cell();
        State s = cell.state();
        long wall = clock.wallMillis();
        try {
            if (wall < s.serveUntilMillis || reader.closed()) {
                future.complete(wall < s.serveUntilMillis ? s : reader.afterClose(s, wall));
                return future;
            }
            boolean usable = s.held() && (wall < s.expirationMillis || OwnThreads.current());
            if (!engine.alive()) {
                restartAsync(reader, s, usable, future);
            } else if (usable) {
                cell.nudgeReader(engine, clock, s);
                future.complete(s);
            } else {
                pend(reader, future);
            }
        } catch (EvercredsException failure) {
            future.completeExceptionally(failure);
        }
        return future;
    }

    /**
     * The engine is dead, hangs, or only looks so after a pause of the process: found out and mended by the dispatcher,
     * because opening cells anew is not for a caller who must not wait.
     */
    private void restartAsync(Subscription reader, State s, boolean usable, CompletableFuture<State> future) {
        boolean queued = dispatcher.execute(() -> {
            try {
                boolean restarted = engine.ensureRunning();
                if (restarted && s.held()) {
                    future.complete(s);
                } else if (!usable) {
                    pend(reader, future);
                }
            } catch (RuntimeException | LinkageError failure) {
                settle(future, s, failure);
            }
        });
        if (usable) {
            future.complete(s);
        } else if (!queued) {
            settle(future, s, new EvercredsException(reader.cell().label() + ": the engine does not answer and too much work waits"));
        }
    }

    private static void settle(CompletableFuture<State> future, State s, Throwable failure) {
        if (s.held()) {
            future.complete(s);
        } else {
            future.completeExceptionally(failure);
        }
    }

    /** Looks once, then leaves the rest to the dispatcher. On our own threads a pending future is fine: nobody blocks. */
    private void pend(Subscription reader, CompletableFuture<State> future) {
        CredentialsCell cell = reader.cell();
        State s = cell.state();
        cell.nudgeReader(engine, clock, s);
        ReadWait wait = waitFor(reader, s, clock.wallMillis());
        State now = wait.poll();
        if (now != null) {
            future.complete(now);
        } else {
            dispatcher.await(wait, future);
        }
    }

    private ReadWait waitFor(Subscription reader, State s, long wall) {
        long first = reader.firstReadTimeoutNanos();
        if (!s.held()) {
            return new ReadWait(ReadWait.Kind.FIRST, reader, engine, clock, first);
        }
        boolean longOnce = wall >= s.expirationMillis && !reader.cell().longWaitDone(s);
        return new ReadWait(ReadWait.Kind.GRANT, reader, engine, clock, longOnce ? first : Math.min(first, GRANT_WAIT_NANOS));
    }

    private State await(CredentialsCell cell, ReadWait wait) {
        synchronized (cell.monitor()) {
            while (true) {
                State s = wait.poll();
                if (s != null) {
                    return s;
                }
                try {
                    clock.await(cell.monitor(), Math.max(1, wait.remaining(clock.nanos())));
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                    State held = cell.state();
                    if (held.held()) {
                        return held;
                    }
                    throw ReadFailures.interrupted(cell, held);
                }
            }
        }
    }

    /** Asks for a refresh and waits, at most two seconds, until an attempt has ended. Never throws. */
    void refresh(Subscription reader) {
        CredentialsCell cell = reader.cell();
        if (reader.closed()) {
            return;
        }
        try {
            engine.ensureRunning();
        } catch (NativeUnavailable noEngine) {
            return;
        }
        State before = cell.state();
        boolean first = cell.askRefresh(engine, clock);
        if (first && !OwnThreads.current()) {
            awaitAttempt(cell, before, REFRESH_WAIT_NANOS, REFRESH_WAIT_NANOS, State.NONE);
        }
    }

    /** Credentials with at least so much life, or the truth in an exception. */
    State read(Subscription reader, Duration minRemaining) {
        CredentialsCell cell = reader.cell();
        State s = read(reader);
        long wanted = minRemaining.toMillis();
        if (left(s) >= wanted) {
            return s;
        }
        if (!reader.closed() && !OwnThreads.current()) {
            engine.nudge(cell.id(), Engine.MIN_REMAINING, Long.toString(wanted));
            awaitAttempt(cell, s, reader.firstReadTimeoutNanos(), ATTEMPT_START_NANOS, wanted);
            s = cell.state().held() ? cell.state() : s;
        }
        if (left(s) >= wanted) {
            return s;
        }
        throw ReadFailures.tooShort(cell, s, minRemaining, left(s));
    }

    private long left(State s) {
        return s.expirationMillis == State.NEVER ? Long.MAX_VALUE : s.expirationMillis - clock.wallMillis();
    }

    /** Waits until an attempt begun after {@code before} has ended, or the held set has enough life, or no attempt starts. */
    private void awaitAttempt(CredentialsCell cell, State before, long mostNanos, long startNanos, long wantedMillis) {
        long begun = clock.nanos();
        synchronized (cell.monitor()) {
            while (!cell.isClosed()) {
                State s = cell.state();
                boolean started = s.attempt > before.attempt || s.run != before.run || before.inFlight;
                boolean ended = started && !s.inFlight && s != before;
                long remaining = (started ? mostNanos : Math.min(mostNanos, startNanos)) - (clock.nanos() - begun);
                if (ended || remaining <= 0 || wantedMillis != State.NONE && left(s) >= wantedMillis) {
                    return;
                }
                try {
                    clock.await(cell.monitor(), remaining);
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }
    }
}
