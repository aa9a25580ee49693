// One reader's hold on a shared cell: the fast path, and what belongs to the reader alone.
package io.github.evercreds.internal;

import io.github.evercreds.RefresherListener;
import io.github.evercreds.Status;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/** One reader's hold on a cell. Cheap; safe for use by any thread. When it becomes unreachable its hold is given back. */
public final class Subscription {
    private final CredentialsCell cell;
    private final SlowRead slow;
    private final Engine engine;
    private final RefresherListener listener;
    private final long firstReadTimeoutNanos;
    private final Runnable release;
    private volatile boolean closed;

    Subscription(CredentialsCell cell, SlowRead slow, Engine engine, RefresherListener listener, Duration firstReadTimeout, Runnable release) {
        this.cell = cell;
        this.slow = slow;
        this.engine = engine;
        this.listener = listener;
        this.firstReadTimeoutNanos = firstReadTimeout.toNanos();
        this.release = release;
    }

    /**
     * The state to hand out now: one volatile load and one comparison while its grant lasts.
     *
     * @throws io.github.evercreds.EvercredsException if there is nothing to hand out
     */
    public State read() {
        State s = cell.state();
        return System.currentTimeMillis() < s.serveUntilMillis ? s : slow.read(this);
    }

    /** As {@link #read()}; a future that cannot be answered at once is completed by the dispatcher. Never blocks. */
    public CompletableFuture<State> readAsync() {
        State s = cell.state();
        return System.currentTimeMillis() < s.serveUntilMillis ? CompletableFuture.completedFuture(s) : slow.readAsync(this);
    }

    /** A state with at least so much life left. */
    public State read(Duration minRemaining) {
        return slow.read(this, minRemaining);
    }

    /** Asks for a refresh and waits at most two seconds for it. Never throws. */
    public void refresh() {
        slow.refresh(this);
    }

    /** Says that a service rejected the key. Returns at once, never throws. */
    public void invalidate(String accessKeyId) {
        Objects.requireNonNull(accessKeyId, "accessKeyId must not be null: the id of the rejected key is needed");
        if (!closed()) {
            engine.nudge(cell.id(), Engine.INVALIDATE, accessKeyId);
        }
    }

    public Status status() {
        return StatusMaker.of(cell, closed());
    }

    /** Gives the hold back. What is held can still be read until it expires. */
    public void close() {
        if (!closed) {
            closed = true;
            cell.remove(this);
            release.run();
        }
    }

    boolean closed() {
        return closed || cell.isClosed();
    }

    CredentialsCell cell() {
        return cell;
    }

    RefresherListener listener() {
        return listener;
    }

    long firstReadTimeoutNanos() {
        return firstReadTimeoutNanos;
    }

    /** After the close: what is held until it expires, then the exception. */
    State afterClose(State s, long wallMillis) {
        if (s.held() && wallMillis < s.expirationMillis) {
            return s;
        }
        throw ReadFailures.closed(cell);
    }

    @Override
    public String toString() {
        State s = cell.state();
        return cell.label() + ", " + s.phase + (s.accessKeyId == null ? "" : ", " + s.accessKeyId) + (closed() ? ", closed" : "");
    }
}
