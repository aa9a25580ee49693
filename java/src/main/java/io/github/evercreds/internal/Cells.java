// Equal configurations share one cell: who holds which, and when one may go.
package io.github.evercreds.internal;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** The cells by configuration, each counted by its subscriptions. One lock, held briefly; no upcall of the engine takes it. */
final class Cells {
    /** Opens and closes cells at the engine. */
    interface Opener {
        /** Opens the cell in the current run and gives it its id. */
        void open(CredentialsCell cell);

        void close(long id);

        /**
         * Has the cell's machine go on with the source that this configuration means.
         *
         * @throws IllegalArgumentException if the engine refuses the configuration; nothing has changed then
         */
        void reconfigure(long id, Config config);
    }

    private final Object lock;
    private final Opener opener;
    /** By the key of the configuration, for those who want the same. */
    private final Map<String, CredentialsCell> cells = new HashMap<>();
    /** All of them: two that came to have the same configuration are not both found by its key. */
    private final Set<CredentialsCell> open = new LinkedHashSet<>();
    private final ReferenceQueue<Subscription> unreachable = new ReferenceQueue<>();
    private final Set<Hold> holds = new HashSet<>();
    /** Of a subscription that became unreachable, and for which the dispatcher had no room; its queue gave it once. */
    private volatile Hold passedBy;

    /** Notices that a subscription became unreachable. */
    private static final class Hold extends PhantomReference<Subscription> {
        final Runnable release;

        Hold(Subscription of, ReferenceQueue<Subscription> queue, Runnable release) {
            super(of, queue);
            this.release = release;
        }
    }

    Cells(Object lock, Opener opener) {
        this.lock = lock;
        this.opener = opener;
    }

    /** A new hold on the cell of this configuration, which is opened if nobody had it. */
    Subscription subscribe(Config config, Settings settings, SlowRead slow, Engine engine, Dispatcher dispatcher) {
        releaseUnreachable();
        synchronized (lock) {
            CredentialsCell known = cells.get(config.key);
            CredentialsCell cell = known != null ? known : new CredentialsCell(config, dispatcher);
            Runnable release = releaseOnce(cell);
            Subscription subscription = new Subscription(cell, slow, engine, settings.listener(), settings.firstReadTimeout(), release);
            // Before the opening: the first state may be published before this thread goes on, and its listener is owed it.
            if (settings.listener() != null) {
                cell.add(subscription);
            }
            if (known == null) {
                opener.open(cell);
                cells.put(config.key, cell);
                open.add(cell);
            }
            cell.references++;
            holds.add(new Hold(subscription, unreachable, release));
            return subscription;
        }
    }

    private Runnable releaseOnce(CredentialsCell cell) {
        AtomicBoolean done = new AtomicBoolean();
        return () -> {
            if (done.compareAndSet(false, true)) {
                release(cell);
            }
        };
    }

    private void release(CredentialsCell cell) {
        synchronized (lock) {
            if (--cell.references > 0 || cell.isClosed()) {
                return;
            }
            cells.remove(cell.config().key, cell);
            open.remove(cell);
            cell.close();
            opener.close(cell.id());
        }
    }

    /** Has {@link #releaseUnreachable} done elsewhere if it has work: cheap enough for the engine's every beat. */
    void releaseUnreachableOn(Dispatcher dispatcher) {
        Hold waiting = passedBy;
        Hold hold = waiting != null ? waiting : (Hold) unreachable.poll();
        if (hold != null) {
            boolean queued = dispatcher.execute(() -> {
                forget(hold);
                releaseUnreachable();
            });
            passedBy = queued ? null : hold;
        }
    }

    void releaseUnreachable() {
        for (Hold hold = (Hold) unreachable.poll(); hold != null; hold = (Hold) unreachable.poll()) {
            forget(hold);
        }
    }

    private void forget(Hold hold) {
        synchronized (lock) {
            holds.remove(hold);
        }
        hold.release.run();
    }

    /** The cells that are open now. */
    List<CredentialsCell> all() {
        synchronized (lock) {
            return new ArrayList<>(open);
        }
    }

    /**
     * Has every open cell go on with these variables and properties. Where the engine refuses them, that is said once, and
     * what was before stays, until they are others again.
     */
    void reconfigure(SystemInputs now) {
        for (CredentialsCell cell : all()) {
            if (cell.config().inputs != now) {
                synchronized (lock) {
                    if (!cell.isClosed() && !now.equals(cell.refused)) {
                        reconfigure(cell, now);
                    }
                }
            }
        }
    }

    private void reconfigure(CredentialsCell cell, SystemInputs now) {
        Config before = cell.config();
        Config next = before.with(now);
        if (!next.key.equals(before.key)) {
            try {
                opener.reconfigure(cell.id(), next);
            } catch (IllegalArgumentException refused) {
                cell.refused = now;
                Logs.warnOnce(cell.label() + ": environment variables or JVM properties were changed to what cannot be meant (" + refused.getMessage()
                        + "), so what they were before stays in use. What to do: set them right; they are looked at again every few seconds");
                return;
            }
            cell.history().note(cell.state().phase, "variables or properties changed");
            // It still holds what the settings before gave: a provider that is built now must begin with those of now.
            cells.remove(before.key, cell);
        }
        cell.refused = null;
        cell.config(next);
    }

    /** Closes every cell; what their readers hold stays readable until it expires. */
    void closeAll() {
        synchronized (lock) {
            for (CredentialsCell cell : open) {
                cell.close();
                opener.close(cell.id());
            }
            cells.clear();
            open.clear();
            holds.clear();
        }
    }
}
