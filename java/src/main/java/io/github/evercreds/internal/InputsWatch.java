// Variables and properties change while a process runs: seen on the engine's beat, and told to what is open.
package io.github.evercreds.internal;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** Looks at variables and properties when a provider is built, on every beat, and when somebody asks for credentials in vain. */
final class InputsWatch {
    private final Cells cells;
    private final AtomicBoolean queued = new AtomicBoolean();
    /** Where they are read; tests have their own. */
    volatile Supplier<SystemInputs> source = SystemInputs::read;
    private volatile SystemInputs last;

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

    /** Has {@link #look} done elsewhere: an application may have put properties of its own kind in place of the JVM's. */
    void lookOn(Dispatcher dispatcher) {
        if (queued.compareAndSet(false, true) && !dispatcher.execute(this::look)) {
            queued.set(false);
        }
    }

    void look() {
        queued.set(false);
        try {
            cells.reconfigure(now());
        } catch (RuntimeException | LinkageError fault) {
            Logs.warnOnce("variables and properties could not be looked at again: " + fault);
        }
    }
}
