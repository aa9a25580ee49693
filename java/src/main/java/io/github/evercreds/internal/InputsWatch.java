// Variables and properties change while a process runs: seen on the engine's beat, and told to what is open.
package io.github.evercreds.internal;

import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** Looks at variables and properties when a provider is built, on every beat, and when somebody asks for credentials in vain. */
final class InputsWatch {
    /** The engine's loop beats whenever it comes round, at least every five seconds. */
    private static final long BETWEEN_BEATS_NANOS = 4_000_000_000L;
    /** Somebody waits, but a thousand may. */
    private static final long BETWEEN_ASKERS_NANOS = 200_000_000L;

    private final Cells cells;
    private final AtomicBoolean queued = new AtomicBoolean();
    /** Where they are read; tests have their own. */
    volatile Supplier<SystemInputs> source = SystemInputs::read;
    private volatile SystemInputs last;
    /** What all that was open had been told of. */
    private volatile SystemInputs settled;
    private volatile long lookedNanos = System.nanoTime() - BETWEEN_BEATS_NANOS;

    InputsWatch(Cells cells) {
        this.cells = cells;
    }

    /** As they are now. As long as nothing changes it is one and the same object, so that ten thousand cells share it. */
    SystemInputs now() {
        SystemInputs now = source.get();
        SystemInputs known = last;
        if (now.equals(known)) {
            return known;
        }
        last = now;
        return now;
    }

    /** The engine's loop came round. While nothing has changed, nobody is woken for it: the dispatcher may end its idle thread. */
    void beat(Dispatcher dispatcher) {
        if (System.nanoTime() - lookedNanos < BETWEEN_BEATS_NANOS) {
            return;
        }
        if (ownCode() && unchanged()) {
            lookedNanos = System.nanoTime();
        } else {
            lookOn(dispatcher, BETWEEN_BEATS_NANOS);
        }
    }

    /** Whether reading properties runs the JDK's code alone, and so cannot hold up the engine's thread. */
    private static boolean ownCode() {
        try {
            return System.getProperties().getClass() == Properties.class;
        } catch (SecurityException hidden) {
            return false;
        }
    }

    private boolean unchanged() {
        SystemInputs told = settled;
        return told != null && told == last && source.get().equals(told);
    }

    /** Somebody waits for credentials, asks for a refresh or had a key rejected: what was missing may just have been set. */
    void asked(Dispatcher dispatcher) {
        lookOn(dispatcher, BETWEEN_ASKERS_NANOS);
    }

    /** Has {@link #look} done elsewhere: an application may have put properties of its own kind in place of the JVM's. */
    private void lookOn(Dispatcher dispatcher, long betweenNanos) {
        long now = System.nanoTime();
        if (now - lookedNanos >= betweenNanos && queued.compareAndSet(false, true)) {
            lookedNanos = now;
            if (!dispatcher.execute(this::look)) {
                queued.set(false);
            }
        }
    }

    void look() {
        queued.set(false);
        try {
            SystemInputs now = now();
            cells.reconfigure(now);
            settled = now;
        } catch (RuntimeException | LinkageError fault) {
            Logs.warnOnce("variables and properties could not be looked at again: " + fault);
        }
    }
}
