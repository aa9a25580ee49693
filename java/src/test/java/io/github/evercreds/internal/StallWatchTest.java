// A hung engine is noticed, a paused process is not taken for one.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.Test;

public class StallWatchTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private final StallWatch watch = new StallWatch();

    @Test
    public void two_minutes_of_silence_and_ten_seconds_of_doubt_are_a_hang() {
        assertFalse(watch.hung(0, 119 * SECOND));
        assertFalse(watch.hung(0, 121 * SECOND));
        assertFalse(watch.hung(0, 130 * SECOND));
        assertTrue(watch.hung(0, 131 * SECOND));
    }

    @Test
    public void a_pause_of_the_process_is_no_hang() {
        assertFalse(watch.hung(0, 600 * SECOND));
        assertFalse("it ticked after the pause", watch.hung(601 * SECOND, 611 * SECOND));
        assertFalse("an old doubt does not count", watch.hung(601 * SECOND, 800 * SECOND));
        assertTrue(watch.hung(601 * SECOND, 811 * SECOND));
    }

    @Test
    public void the_monotonic_clock_may_be_negative_and_wrap() {
        long near = Long.MAX_VALUE - SECOND;
        assertFalse(watch.hung(near, near + 121 * SECOND));
        assertTrue(watch.hung(near, near + 140 * SECOND));
    }

    @Test
    public void restarts_in_a_row_wait_longer_up_to_five_minutes_and_a_stable_run_resets_them() {
        assertEquals(0, StallWatch.backoffNanos(1));
        assertEquals(2 * SECOND, StallWatch.backoffNanos(2));
        assertEquals(300 * SECOND, StallWatch.backoffNanos(20));
        assertEquals(300 * SECOND, StallWatch.backoffNanos(Integer.MAX_VALUE));
        assertEquals(5, StallWatch.inARow(4, 60 * SECOND));
        assertEquals(1, StallWatch.inARow(4, 700 * SECOND));
    }

    @Test
    public void the_trouble_before_a_run_that_has_lived_for_ten_minutes_is_over() {
        assertFalse(StallWatch.stable(599 * SECOND));
        assertTrue(StallWatch.stable(600 * SECOND));
    }
}
