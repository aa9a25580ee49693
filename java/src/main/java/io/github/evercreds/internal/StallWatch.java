// When is a silent engine a hung one, and how long does the next one wait before it starts?
package io.github.evercreds.internal;

import java.util.concurrent.TimeUnit;

/**
 * Judges the beats of a run by the monotonic clock. After a pause of the whole process (a stopped container, a debugger)
 * the last beat looks old although the engine is well, so silence counts only if it goes on for a while after it was
 * first noticed. Guarded by its user.
 */
final class StallWatch {
    private static final long SILENCE_NANOS = TimeUnit.MINUTES.toNanos(2);
    /** The engine ticks every five seconds, also right after a pause. */
    private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long LONGEST_BACKOFF_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final long STABLE_NANOS = TimeUnit.MINUTES.toNanos(10);

    private boolean suspecting;
    private long suspectedBeat;
    private long suspectedAtNanos;

    /** Whether a run that beat last then may be silent by now without any doubt about it. */
    static boolean quiet(long beatNanos, long nowNanos) {
        return nowNanos - beatNanos >= SILENCE_NANOS;
    }

    /** Whether the run that beat last then hangs. */
    boolean hung(long beatNanos, long nowNanos) {
        if (!quiet(beatNanos, nowNanos)) {
            suspecting = false;
            return false;
        }
        if (!suspecting || suspectedBeat != beatNanos) {
            suspecting = true;
            suspectedBeat = beatNanos;
            suspectedAtNanos = nowNanos;
            return false;
        }
        return nowNanos - suspectedAtNanos >= GRACE_NANOS;
    }

    /** How many restarts in a row it is, when the run that ends now lived so long. */
    static int inARow(int before, long livedNanos) {
        return stable(livedNanos) ? 1 : before + 1;
    }

    /** Whether a run that has lived so long shows that the trouble before it is over. */
    static boolean stable(long livedNanos) {
        return livedNanos >= STABLE_NANOS;
    }

    /** None for the first restart, then 2 s, 4 s, 8 s ... 5 min. */
    static long backoffNanos(int inARow) {
        return inARow <= 1 ? 0 : Math.min(LONGEST_BACKOFF_NANOS, TimeUnit.SECONDS.toNanos(1L << Math.min(inARow - 1, 10)));
    }
}
