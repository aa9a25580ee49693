// The clocks and the one timed wait of the read path; a fake in tests.
package io.github.evercreds.internal;

import java.util.concurrent.TimeUnit;

/** The wall clock, the monotonic clock, and waiting on a monitor. */
interface Clock {
    long wallMillis();

    long nanos();

    /** Waits on the monitor, which the caller holds, for at most {@code nanos} (more than zero). */
    void await(Object monitor, long nanos) throws InterruptedException;

    Clock SYSTEM = new Clock() {
        @Override
        public long wallMillis() {
            return System.currentTimeMillis();
        }

        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public void await(Object monitor, long nanos) throws InterruptedException {
            TimeUnit.NANOSECONDS.timedWait(monitor, nanos);
        }
    };
}
