// The second thread: carries to the application what must not run on the engine thread, and times what waits.
package io.github.evercreds.internal;

import io.github.evercreds.EvercredsException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * One lazy daemon thread with a bounded queue of log lines and listener calls (the newest are dropped and counted when
 * it is full), and a bounded list of futures that wait for credentials (these are never dropped: one too many fails at
 * once). It ends when it was idle for ten seconds and comes back when there is work.
 */
final class Dispatcher {
    static final int QUEUE = 1024;
    static final int MOST_WAITERS = 10_000;
    static final Dispatcher INSTANCE = new Dispatcher(Clock.SYSTEM, TimeUnit.SECONDS.toNanos(10));

    private final Clock clock;
    private final long idleNanos;
    private final Function<Runnable, Thread> threads;
    private final Object lock = new Object();
    private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
    private final List<Waiter> waiters = new ArrayList<>();
    private long dropped;
    private long droppedInAll;
    private boolean signalled;
    private boolean closing;
    private Thread thread;

    private static final class Waiter {
        final ReadWait wait;
        final CompletableFuture<State> future;

        Waiter(ReadWait wait, CompletableFuture<State> future) {
            this.wait = wait;
            this.future = future;
        }
    }

    Dispatcher(Clock clock, long idleNanos) {
        this(clock, idleNanos, work -> OwnThreads.create(work, "evercreds-dispatcher"));
    }

    Dispatcher(Clock clock, long idleNanos, Function<Runnable, Thread> threads) {
        this.clock = clock;
        this.idleNanos = idleNanos;
        this.threads = threads;
    }

    /** A log line, from a thread that must not write it. Never blocks. */
    static void log(int level, String logger, String message) {
        try {
            INSTANCE.execute(() -> Logs.write(level, logger == null ? Logs.LOGGER : logger, String.valueOf(message)));
        } catch (RuntimeException | LinkageError lost) {
            // One log line less; the engine must not feel it.
        }
    }

    /** Queues the work, or drops and counts it. Never blocks. */
    boolean execute(Runnable work) {
        synchronized (lock) {
            if (queue.size() >= QUEUE) {
                dropped++;
                droppedInAll++;
                return false;
            }
            queue.add(work);
            wake();
            return true;
        }
    }

    /** Completes the future when the wait ends, on the dispatcher's thread. */
    void await(ReadWait wait, CompletableFuture<State> future) {
        String why;
        synchronized (lock) {
            boolean full = waiters.size() >= MOST_WAITERS;
            if (!full && wake()) {
                waiters.add(new Waiter(wait, future));
                signalled = true;
                return;
            }
            why = full ? MOST_WAITERS + " calls wait for them already" : "the system grants no thread that could wait for them";
        }
        future.completeExceptionally(new EvercredsException("no credentials yet, and " + why));
    }

    /** A state was published: the waiting futures have something to look at. Never blocks. */
    void signal() {
        synchronized (lock) {
            if (!waiters.isEmpty()) {
                signalled = true;
                wake();
            }
        }
    }

    long dropped() {
        synchronized (lock) {
            return droppedInAll;
        }
    }

    /** Ends the thread after the work that is queued now, and fails what waits; later work starts a new thread. */
    void close() {
        synchronized (lock) {
            if (thread != null) {
                closing = true;
                lock.notifyAll();
            }
        }
    }

    /** Waits until the thread has ended, at most so long; used when the class loader is about to go. */
    void join(long millis) {
        Thread running;
        synchronized (lock) {
            running = thread;
        }
        if (running != null && running != Thread.currentThread()) {
            try {
                running.join(millis);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** False if the system grants no more threads: what is queued stays, and the next piece of work tries again. */
    private boolean wake() {
        if (thread != null) {
            lock.notifyAll();
            return true;
        }
        Thread fresh = threads.apply(this::run);
        try {
            fresh.start();
        } catch (OutOfMemoryError noThread) {
            // The JVM says so when the system grants no more threads; there may be heap in plenty.
            return false;
        }
        thread = fresh;
        return true;
    }

    private void run() {
        try {
            while (step()) {
                // Each step does one thing; an application's fault in it is dealt with there.
            }
        } finally {
            synchronized (lock) {
                if (thread == Thread.currentThread()) {
                    thread = null;      // only after an Error of the JVM
                    if (!queue.isEmpty() || !waiters.isEmpty()) {
                        wake();
                    }
                }
            }
        }
    }

    /** Does the next thing. False when the thread has to end. */
    private boolean step() {
        Runnable work;
        List<Waiter> due = new ArrayList<>();
        synchronized (lock) {
            long idleSince = clock.nanos();
            while (true) {
                work = queue.poll();
                if (work == null && dropped > 0) {
                    long count = dropped;
                    dropped = 0;
                    work = () -> Logs.write(Logs.WARN, Logs.LOGGER, count + " log lines or listener events were dropped: the logging "
                            + "framework or a listener is too slow");
                }
                if (work != null) {
                    break;
                }
                long now = clock.nanos();
                long wait = closing ? 0 : idleNanos - (now - idleSince);
                for (Waiter waiter : waiters) {
                    if (signalled || closing || waiter.wait.remaining(now) <= 0) {
                        due.add(waiter);
                    } else {
                        wait = Math.min(wait <= 0 ? Long.MAX_VALUE : wait, waiter.wait.remaining(now));
                    }
                }
                signalled = false;
                if (!due.isEmpty()) {
                    break;
                }
                if (wait <= 0) {
                    closing = false;
                    thread = null;
                    return false;
                }
                try {
                    clock.await(lock, wait);
                } catch (InterruptedException stray) {
                    // Somebody's listener interrupted this thread; there is nothing to stop here.
                }
            }
        }
        if (work != null) {
            runQuietly(work);
        } else {
            settle(due);
        }
        return true;
    }

    private void settle(List<Waiter> due) {
        List<Runnable> completions = new ArrayList<>();
        boolean ending;
        synchronized (lock) {
            ending = closing;
        }
        for (Iterator<Waiter> it = due.iterator(); it.hasNext();) {
            Waiter waiter = it.next();
            try {
                State state = waiter.wait.poll();
                if (state == null && (ending || waiter.future.isDone())) {
                    completions.add(() -> waiter.future.completeExceptionally(new EvercredsException("evercreds was shut down")));
                } else if (state == null) {
                    it.remove();
                } else {
                    completions.add(() -> waiter.future.complete(state));
                }
            } catch (RuntimeException | LinkageError failure) {
                completions.add(() -> waiter.future.completeExceptionally(failure));
            }
        }
        synchronized (lock) {
            waiters.removeAll(new HashSet<>(due));
        }
        completions.forEach(Dispatcher::runQuietly);
    }

    private static void runQuietly(Runnable work) {
        try {
            work.run();
        } catch (VirtualMachineError fatal) {
            throw fatal;
        } catch (Throwable fault) {
            Logs.write(Logs.WARN, Logs.LOGGER, "a listener failed: " + fault);
        }
    }
}
