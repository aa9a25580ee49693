// Keeps one engine running in this class loader: starts it, watches it, replaces a run that died or hangs.
package io.github.evercreds.internal;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/** The one engine of this class loader. Runs are numbered; a cell is opened anew in each. */
final class NativeEngine implements Engine, Cells.Opener {
    static final NativeEngine INSTANCE = new NativeEngine();

    private final Object lock = new Object();
    final Dispatcher dispatcher = Dispatcher.INSTANCE;
    final Cells cells = new Cells(lock, this);
    final InputsWatch inputs = new InputsWatch(cells);
    final SlowRead slow = new SlowRead(this, Clock.SYSTEM, dispatcher);

    private volatile EngineThread current;
    private long runs;
    private int restarts;
    private final StallWatch watch = new StallWatch();
    private volatile String lastRestart;

    private NativeEngine() { }

    /**
     * A hold on the engine's cell for this configuration; loads the library and starts the engine if need be.
     *
     * @throws NativeUnavailable if there is no engine to be had
     * @throws IllegalArgumentException if the engine refuses the configuration
     */
    Subscription subscribe(Settings settings) {
        try {
            NativeLoader.load();
            return cells.subscribe(new Config(settings, inputs.now()), settings, slow, this, dispatcher);
        } catch (LinkageError broken) {
            // Classes of two versions on one class path; the SDK's provider may still work.
            throw new NativeUnavailable("the classes of evercreds do not fit each other: " + broken + ". What to do: put one version of it on the class path", broken);
        }
    }

    @Override
    public void open(CredentialsCell cell) {
        synchronized (lock) {
            if (current == null) {
                start(0);
            } else if (current.ended()) {
                replace(current, "it ended");
            }
            openIn(current.run, cell);
        }
    }

    private void openIn(long run, CredentialsCell cell) {
        byte[] config = cell.config().toBytes();
        try {
            cell.id(Native.open(run, config, cell));
        } catch (LinkageError broken) {
            throw new NativeUnavailable("the native library lacks a method: " + broken, broken);
        } catch (IllegalStateException stopped) {
            throw new NativeUnavailable("the engine does not take new work: " + stopped.getMessage(), stopped);
        } finally {
            Arrays.fill(config, (byte) 0);
        }
    }

    @Override
    public void reconfigure(long id, Config config) {
        byte[] bytes = config.toBytes();
        try {
            Native.reconfigure(id, bytes);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private void start(long delayNanos) {
        try {
            EngineThread next = new EngineThread(this, claimRun(), delayNanos);
            next.start();
            current = next;
            // Elsewhere: the first question wakes the logging framework. That takes longer than everything else here, and
            // the framework may build providers itself, which must not happen under this lock.
            dispatcher.execute(NativeEngine::tellLogLevel);
        } catch (OutOfMemoryError noThread) {
            // The JVM says so when the system grants no more threads; there may be heap in plenty.
            throw new NativeUnavailable("the engine's thread cannot be started: " + noThread.getMessage(), noThread);
        }
    }

    /** A number for a run; the native library wants them to rise. */
    long claimRun() {
        synchronized (lock) {
            return ++runs;
        }
    }

    private static void tellLogLevel() {
        Native.logLevel(Logs.engineLevel());
    }

    @Override
    public void close(long id) {
        Native.close(id);
    }

    @Override
    public void nudge(long id, int kind, String key) {
        try {
            if (id != 0 && current != null) {
                inputs.asked(dispatcher);
                Native.nudge(id, kind, key);
            }
        } catch (RuntimeException | LinkageError fault) {
            // A nudge only hastens what happens anyway.
            Dispatcher.log(Logs.WARN, Logs.LOGGER, "a nudge was lost: " + fault);
        }
    }

    @Override
    public boolean alive() {
        EngineThread run = current;
        return run != null && run.alive() && !StallWatch.quiet(run.beatNanos(), System.nanoTime()) || run != null && run.starting() && restarts == 0;
    }

    @Override
    public boolean ensureRunning() {
        if (alive()) {
            return false;
        }
        synchronized (lock) {
            if (alive()) {
                return false;
            }
            EngineThread run = current;
            if (run == null) {
                return false;       // shut down: the cells are closed, and their readers know
            }
            if (run.starting()) {
                throw new NativeUnavailable("the engine died " + restarts + " times in a row and is being started again: " + lastRestart, null);
            }
            if (run.ended()) {
                replace(run, "it ended");
                if (current == run) {
                    throw new NativeUnavailable("the engine died and cannot be started again: " + lastRestart, null);
                }
                return true;
            }
            if (!run.alive()) {
                return false;       // being stopped this moment
            }
            if (!watch.hung(run.beatNanos(), System.nanoTime())) {
                return false;
            }
            replace(run, "it gave no sign of life for " + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - run.beatNanos()) + " s");
            return true;
        }
    }

    /** A run ended that nobody had asked to end. */
    void ended(EngineThread run, String how) {
        synchronized (lock) {
            if (run == current) {
                replace(run, how);
            }
        }
    }

    private void replace(EngineThread old, String why) {
        restarts = StallWatch.inARow(restarts, old.livedNanos());
        long backoff = StallWatch.backoffNanos(restarts);
        lastRestart = why;
        try {
            old.stop();
            start(backoff);
            for (CredentialsCell cell : cells.all()) {
                reopen(cell, why);
            }
        } catch (RuntimeException | LinkageError fault) {
            dispatcher.execute(() -> Logs.write(Logs.ERROR, Logs.LOGGER, "the engine could not be started again: " + fault));
            return;
        }
        dispatcher.execute(() -> Logs.write(Logs.WARN, Logs.LOGGER, "the engine of run " + old.run + " ended (" + why + ") and was replaced; "
                + "what is held stays in use"));
    }

    private void reopen(CredentialsCell cell, String why) {
        try {
            openIn(current.run, cell);
            cell.history().note(cell.state().phase, "the engine was restarted: " + why);
            History.tell(cell, dispatcher, l -> l.onEngineRestarted(why));
        } catch (RuntimeException | LinkageError fault) {
            dispatcher.execute(() -> Logs.write(Logs.ERROR, Logs.LOGGER, cell.label() + ": could not be opened in the new engine: " + fault));
        }
    }

    /** The engine's sign of life, on its thread; also the tick on which unreachable refreshers and changed inputs are noticed. */
    void beat(long run) {
        EngineThread now = current;
        if (now != null && now.run == run) {
            now.beat();
            cells.releaseUnreachableOn(dispatcher);
            inputs.beat(dispatcher);
        }
    }

    /** How the engine stands, for the status; null if nothing is wrong, nor was within the last ten minutes. */
    String trouble() {
        EngineThread run = current;
        if (run == null) {
            return "the engine was shut down";
        }
        if (!alive()) {
            return "the engine of run " + run.run + " does not answer" + (lastRestart == null ? "" : "; last restart: " + lastRestart);
        }
        return lastRestart == null || StallWatch.stable(run.livedNanos()) ? null : "the engine was restarted " + restarts + " times; last: " + lastRestart;
    }

    long run() {
        EngineThread run = current;
        return run == null ? 0 : run.run;
    }

    /** Closes everything and ends both threads, waiting for each at most two seconds. */
    void shutdown() {
        EngineThread run;
        synchronized (lock) {
            cells.closeAll();
            run = current;
            current = null;
            restarts = 0;
            lastRestart = null;
            if (run != null) {
                run.stop();
            }
        }
        if (run != null) {
            run.join(2000);
        }
        dispatcher.close();
        if (!OwnThreads.current()) {
            dispatcher.join(2000);
        }
    }
}
