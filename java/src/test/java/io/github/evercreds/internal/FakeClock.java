// Time that moves only when somebody waits, and events on it.
package io.github.evercreds.internal;

import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;

final class FakeClock implements Clock {
    private static final long WALL_AT_START = 1_750_000_000_000L;

    private long nanos = 1_000_000_000_000L;
    private long wallOffsetMillis;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private boolean interruptNextWait;

    private static final class Event implements Comparable<Event> {
        final long at;
        final Runnable what;

        Event(long at, Runnable what) {
            this.at = at;
            this.what = what;
        }

        @Override
        public int compareTo(Event other) {
            return Long.compare(at, other.at);
        }
    }

    @Override
    public long wallMillis() {
        return WALL_AT_START + wallOffsetMillis + TimeUnit.NANOSECONDS.toMillis(nanos - 1_000_000_000_000L);
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public void await(Object monitor, long most) throws InterruptedException {
        if (!Thread.holdsLock(monitor)) {
            throw new IllegalMonitorStateException();
        }
        if (interruptNextWait) {
            interruptNextWait = false;
            throw new InterruptedException();
        }
        Event next = events.peek();
        if (next != null && next.at <= nanos + most) {
            events.poll();
            nanos = Math.max(nanos, next.at);
            next.what.run();
        } else {
            nanos += most;
        }
    }

    void in(long millis, Runnable what) {
        events.add(new Event(nanos + TimeUnit.MILLISECONDS.toNanos(millis), what));
    }

    void pass(long millis) {
        nanos += TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** The process was stopped, or the host slept: the wall clock went on, the monotonic one did not. */
    void pause(long millis) {
        wallOffsetMillis += millis;
    }

    void interruptNextWait() {
        interruptNextWait = true;
    }
}
