// One run of the engine on one Java thread.
package io.github.evercreds.internal;

/**
 * One run of the engine. Java makes the thread, because a daemon thread of Java's does not keep the JVM from exiting and
 * one that the native side attaches does.
 */
final class EngineThread implements Runnable {
    final long run;
    private final long delayNanos;
    private final NativeEngine engine;
    private volatile long beatNanos = System.nanoTime();
    private volatile boolean inside;
    private volatile boolean stopping;
    private volatile boolean ended;
    private final long bornNanos = System.nanoTime();
    private final Thread thread;

    /** A run that enters the native library after a delay: a run that dies at once must not come back at once. */
    EngineThread(NativeEngine engine, long run, long delayNanos) {
        this.engine = engine;
        this.run = run;
        this.delayNanos = delayNanos;
        this.thread = OwnThreads.create(this, "evercreds-engine-" + run);
    }

    void start() {
        thread.start();
    }

    /** The engine gave a sign of life. */
    void beat() {
        beatNanos = System.nanoTime();
    }

    /** The last beat, by the monotonic clock. */
    long beatNanos() {
        return beatNanos;
    }

    long livedNanos() {
        return System.nanoTime() - bornNanos;
    }

    boolean alive() {
        return inside && !ended && !stopping;
    }

    /** True while it waits out its delay before it enters. */
    boolean starting() {
        return !inside && !ended && !stopping;
    }

    boolean ended() {
        return ended;
    }

    /** Asks the run to end; it is not waited for. */
    void stop() {
        stopping = true;
        synchronized (this) {
            notifyAll();
        }
        Native.stop(run);
    }

    void join(long millis) {
        if (thread == Thread.currentThread()) {
            return;
        }
        try {
            thread.join(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run() {
        String end = "it returned without being asked to";
        try {
            if (waitOutDelay()) {
                beat();
                inside = true;
                Native.run(run);
            }
        } catch (RuntimeException | LinkageError fault) {
            end = String.valueOf(fault);
        } catch (VirtualMachineError fatal) {
            end = fatal.getClass().getName();
            throw fatal;
        } finally {
            ended = true;
            if (!stopping) {
                engine.ended(this, end);
            }
        }
    }

    private synchronized boolean waitOutDelay() {
        long until = System.nanoTime() + delayNanos;
        for (long left = delayNanos; left > 0 && !stopping; left = until - System.nanoTime()) {
            try {
                Clock.SYSTEM.await(this, left);
            } catch (InterruptedException stray) {
                // Nobody has reason to interrupt this thread; the delay stays.
            }
        }
        return !stopping;
    }
}
