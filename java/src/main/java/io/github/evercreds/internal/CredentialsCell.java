// Where the newest state of one configuration stands: the engine publishes here, every read looks here.
package io.github.evercreds.internal;

import io.github.evercreds.Phase;
import java.lang.ref.WeakReference;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * One configuration's newest {@link State} in one volatile field. The engine's native half pins the cell, never a
 * provider, so the cell knows its readers weakly.
 */
final class CredentialsCell {
    private static final long NUDGE_AGAIN_NANOS = 1_000_000_000L;
    private static final long REFRESH_AGAIN_NANOS = 10_000_000_000L;

    private static final Phase[] PHASES = Phase.values();

    private volatile State state = State.EMPTY;
    private volatile boolean closed;
    private volatile long id;

    /** Another one when variables or properties have changed. */
    private volatile Config config;
    private final Dispatcher dispatcher;
    private final Object monitor = new Object();
    private final History history = new History();

    /** How many subscriptions share this cell; guarded by {@link Cells}. */
    int references;
    /** What the engine would not take up in place of what the configuration holds; guarded by {@link Cells}. */
    SystemInputs refused;

    // What one batch of readers must know of another. Guarded by the monitor, but for the two volatile ones.
    private State nudgedFor;
    private long nudgedAtNanos;
    private long refreshAskedNanos;
    private boolean refreshAsked;
    private State longWaitDoneFor;
    private long fullWaitAttempt = -1;
    private long fullWaitNanos;
    private volatile State selfGrantFor;
    private volatile long selfGrantUntilNanos;

    /** Those that have a listener. */
    private final List<WeakReference<Subscription>> readers = new ArrayList<>();
    private int tidyAt = 64;

    CredentialsCell(Config config, Dispatcher dispatcher) {
        this.config = config;
        this.dispatcher = dispatcher;
    }

    State state() {
        return state;
    }

    Object monitor() {
        return monitor;
    }

    Config config() {
        return config;
    }

    void config(Config value) {
        config = value;
    }

    String label() {
        return config.label;
    }

    History history() {
        return history;
    }

    long id() {
        return id;
    }

    void id(long value) {
        id = value;
    }

    boolean isClosed() {
        return closed;
    }

    /** Wakes every reader that waits; what was held stays readable until it expires. */
    void close() {
        synchronized (monitor) {
            closed = true;
            monitor.notifyAll();
        }
        dispatcher.signal();
    }

    /** From now on the reader's listener is told. */
    void add(Subscription reader) {
        synchronized (readers) {
            if (readers.size() >= tidyAt) {
                readers.removeIf(known -> known.get() == null);
                tidyAt = Math.max(64, 2 * readers.size());
            }
            readers.add(new WeakReference<>(reader));
        }
    }

    void remove(Subscription reader) {
        if (reader.listener() == null) {
            return;
        }
        synchronized (readers) {
            readers.removeIf(known -> known.get() == null || known.get() == reader);
        }
    }

    /** The readers that have a listener and are still there. */
    List<Subscription> readers() {
        List<Subscription> alive = new ArrayList<>();
        synchronized (readers) {
            for (Iterator<WeakReference<Subscription>> it = readers.iterator(); it.hasNext();) {
                Subscription reader = it.next().get();
                if (reader == null) {
                    it.remove();
                } else {
                    alive.add(reader);
                }
            }
        }
        return alive;
    }

    /**
     * The engine's upcall, called by name from the native library, on the engine thread only. An older state than the
     * held one is ignored; a state without credentials never erases what is held, unless it says that it is dead.
     *
     * @return false when this cell has no more use for that run's states
     */
    @SuppressWarnings("unused")
    private boolean publish(long run, long generation, int phase,
                            String accessKeyId, String secretAccessKey, String sessionToken, String accountId,
                            long expirationMillis, long serveUntilMillis, long nextAttemptMillis,
                            long acceptedMillis, long lastSuccessMillis,
                            String source, String identity,
                            int errorKind, String errorMessage, String errorFix,
                            int failures, long attempt, boolean inFlight,
                            long skewLoMillis, long skewHiMillis, boolean skewWitnessed, boolean rejected) {
        State.Builder b = new State.Builder();
        b.run = run;
        b.generation = generation;
        b.phase = phase >= 0 && phase < PHASES.length ? PHASES[phase] : Phase.NONE;
        b.accessKeyId = accessKeyId;
        b.secretAccessKey = secretAccessKey;
        b.sessionToken = sessionToken;
        b.accountId = accountId;
        b.expirationMillis = expirationMillis;
        b.serveUntilMillis = serveUntilMillis;
        b.nextAttemptMillis = nextAttemptMillis;
        b.acceptedMillis = acceptedMillis;
        b.lastSuccessMillis = lastSuccessMillis;
        b.source = source;
        b.identity = identity;
        b.errorKind = errorKind;
        b.errorMessage = errorMessage;
        b.errorFix = errorFix;
        b.failures = failures;
        b.attempt = attempt;
        b.inFlight = inFlight;
        b.skewLoMillis = skewLoMillis;
        b.skewHiMillis = skewHiMillis;
        b.skewWitnessed = skewWitnessed;
        b.rejected = rejected;
        try {
            return publish(b);
        } catch (RuntimeException | LinkageError fault) {
            // The state itself is stored first; what can fail after that is telling others.
            Dispatcher.log(Logs.ERROR, Logs.LOGGER, label() + ": publishing failed: " + fault);
            return !closed;
        }
    }

    boolean publish(State.Builder next) {
        State before;
        State now;
        synchronized (monitor) {
            before = state;
            if (closed || next.run < before.run) {
                return false;
            }
            if (next.accessKeyId == null && next.phase != Phase.DEAD && before.held()) {
                next.keep(before, System.currentTimeMillis());
            }
            now = next.build();
            if (!now.newerThan(before)) {
                return true;
            }
            state = now;
            monitor.notifyAll();
        }
        dispatcher.signal();
        history.record(this, before, now, dispatcher);
        return true;
    }

    // ---- what one batch of readers tells the next -------------------------------------------------------------------

    /** Tells the engine that a reader waits: once per state, and again when a second has passed. */
    void nudgeReader(Engine engine, Clock clock, State s) {
        synchronized (monitor) {
            long now = clock.nanos();
            if (nudgedFor == s && now - nudgedAtNanos < NUDGE_AGAIN_NANOS) {
                return;
            }
            nudgedFor = s;
            nudgedAtNanos = now;
        }
        engine.nudge(id, Engine.READER, null);
    }

    /** Asks for a refresh. False if somebody asked within the last ten seconds: the engine would not act on it. */
    boolean askRefresh(Engine engine, Clock clock) {
        synchronized (monitor) {
            long now = clock.nanos();
            if (refreshAsked && now - refreshAskedNanos < REFRESH_AGAIN_NANOS) {
                return false;
            }
            refreshAsked = true;
            refreshAskedNanos = now;
        }
        engine.nudge(id, Engine.REFRESH, null);
        return true;
    }

    /** Whether a read of at least this patience has waited in vain since that attempt started. */
    boolean fullWaitTimedOut(long attempt, long timeoutNanos) {
        synchronized (monitor) {
            return fullWaitAttempt == attempt && fullWaitNanos >= timeoutNanos;
        }
    }

    void noteFullWait(long attempt, long timeoutNanos) {
        synchronized (monitor) {
            fullWaitNanos = fullWaitAttempt == attempt ? Math.max(fullWaitNanos, timeoutNanos) : timeoutNanos;
            fullWaitAttempt = attempt;
        }
    }

    /** Whether the one long wait for a successor of this expired set is behind us. */
    boolean longWaitDone(State s) {
        synchronized (monitor) {
            return longWaitDoneFor != null && s.sameCredentials(longWaitDoneFor);
        }
    }

    /** A batch has waited: the held set may be used for a while without a wait, by the monotonic clock. */
    void selfGrant(State s, long untilNanos, long wallMillis) {
        synchronized (monitor) {
            selfGrantUntilNanos = untilNanos;
            selfGrantFor = s;
            if (wallMillis >= s.expirationMillis) {
                longWaitDoneFor = s;
            }
            monitor.notifyAll();
        }
        dispatcher.signal();
    }

    /** Whether a batch waited lately for the same set under the same refusal. A rejection that came since is a new case. */
    boolean selfGranted(State s, long nowNanos) {
        State granted = selfGrantFor;
        return granted != null && nowNanos - selfGrantUntilNanos < 0 && s.sameCredentials(granted)
                && s.withoutGrant() == granted.withoutGrant();
    }

    @Override
    public String toString() {
        return "CredentialsCell[" + label() + ", " + state + ", " + Instant.ofEpochMilli(System.currentTimeMillis()) + "]";
    }
}
