// The table "The Java read path", row by row.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import io.github.evercreds.EvercredsException;
import io.github.evercreds.Phase;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.Test;

public class SlowReadTest {
    private static final Duration FIVE_SECONDS = Duration.ofSeconds(5);

    private final FakeClock clock = new FakeClock();
    private final Cell fixture = new Cell(clock);
    private final Subscription reader = fixture.reader(FIVE_SECONDS);

    private State read() {
        return fixture.slow.read(reader);
    }

    private String failure() {
        try {
            State s = read();
            fail("a failure was expected, not " + s);
            return null;
        } catch (EvercredsException failed) {
            return failed.getMessage();
        }
    }

    private long elapsed(Runnable what) {
        long from = clock.nanos();
        what.run();
        return (clock.nanos() - from) / 1_000_000;
    }

    // ---- granted ------------------------------------------------------------------------------------------------------

    @Test
    public void a_granted_state_is_returned_in_every_phase_without_telling_the_engine() {
        for (Phase phase : new Phase[] {Phase.FRESH, Phase.ADVISORY, Phase.MANDATORY, Phase.STALE}) {
            fixture.publish(fixture.held("AKID", 60_000, 10_000).andThen(b -> b.phase = phase));
            assertSame(fixture.cell.state(), read());
        }
        assertTrue(fixture.engine.nudges.isEmpty());
    }

    // ---- nothing yet --------------------------------------------------------------------------------------------------

    @Test
    public void the_first_read_waits_for_the_first_credentials_through_transient_failures() {
        clock.in(200, () -> fixture.publish(fixture.failed(1, "connection refused", 1)));
        clock.in(900, () -> fixture.publish(fixture.held("AKID", 3_600_000, 60_000)));
        assertEquals(900, elapsed(() -> assertEquals("AKID", read().accessKeyId)));
    }

    @Test
    public void the_first_read_ends_after_its_timeout_with_the_cause_and_the_fix() {
        clock.in(200, () -> fixture.publish(fixture.failed(1, "169.254.169.254 refused the connection", 1)));
        assertEquals(5000, elapsed(() -> assertEquals(
                "default chain: no credentials within 5 s; 169.254.169.254 refused the connection. What to do: attach a role", failure())));
    }

    @Test
    public void the_first_read_ends_at_once_on_a_non_recoverable_error() {
        clock.in(300, () -> fixture.publish(fixture.failed(State.ERROR_NON_RECOVERABLE, "access denied", 1)));
        assertEquals(300, elapsed(() -> assertTrue(failure().contains("access denied"))));
    }

    @Test
    public void an_interrupt_ends_the_first_read_and_stays_set() {
        clock.interruptNextWait();
        try {
            assertTrue(failure().startsWith("interrupted"));
            assertTrue(Thread.currentThread().isInterrupted());
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    public void after_a_full_wait_reads_fail_at_once_until_the_next_attempt_starts() {
        fixture.publish(b -> {
            b.attempt = 1;
            b.inFlight = true;
        });
        failure();
        assertEquals(0, elapsed(this::failure));
        fixture.publish(fixture.failed(1, "timed out", 1));
        assertEquals(0, elapsed(() -> assertTrue(failure().contains("timed out"))));
        fixture.publish(b -> {
            b.attempt = 2;
            b.inFlight = true;
        });
        assertEquals(5000, elapsed(this::failure));
    }

    @Test
    public void a_patient_reader_is_not_cut_short_by_an_impatient_one() {
        Subscription impatient = fixture.reader(Duration.ofMillis(100));
        fixture.publish(b -> b.attempt = 1);
        try {
            fixture.slow.read(impatient);
            fail("nothing was held");
        } catch (EvercredsException expected) {
            assertEquals(5000, elapsed(this::failure));
        }
    }

    @Test
    public void a_waiting_reader_tells_the_engine_once_per_state() {
        clock.in(30, () -> { });
        clock.in(60, () -> { });
        clock.in(100, () -> fixture.publish(fixture.failed(1, "refused", 1)));
        clock.in(150, () -> fixture.publish(fixture.failed(1, "refused", 2)));
        clock.in(200, () -> fixture.publish(fixture.held("AKID", 60_000, 10_000)));
        read();
        assertEquals(Arrays.asList("0", "0", "0"), fixture.engine.nudges);
    }

    // ---- the grant has passed -----------------------------------------------------------------------------------------

    @Test
    public void after_a_pause_a_read_waits_at_most_a_second_then_serves_what_is_held() {
        fixture.publish(fixture.held("AKID", 3_600_000, 60_000));
        clock.pause(120_000);
        assertEquals(1000, elapsed(() -> assertEquals("AKID", read().accessKeyId)));
        assertFalse(fixture.engine.nudges.isEmpty());
    }

    @Test
    public void a_state_with_a_new_grant_ends_the_wait() {
        fixture.publish(fixture.held("OLD", 3_600_000, 60_000));
        clock.pause(120_000);
        clock.in(50, () -> fixture.publish(fixture.held("NEW", 3_600_000, 60_000)));
        assertEquals(50, elapsed(() -> assertEquals("NEW", read().accessKeyId)));
    }

    @Test
    public void an_expired_set_is_waited_for_once_with_the_whole_patience() {
        fixture.publish(fixture.held("AKID", 60_000, 50_000));
        clock.pause(120_000);
        assertEquals(5000, elapsed(this::read));
        clock.pass(6000);
        assertEquals(1000, elapsed(this::read));
    }

    @Test
    public void one_batch_waits_and_the_next_five_seconds_do_not() {
        fixture.publish(fixture.rejected("AKID", 3_600_000));
        assertEquals(1000, elapsed(this::read));
        assertEquals(0, elapsed(this::read));
        int nudges = fixture.engine.nudges.size();
        clock.pass(4900);
        assertEquals(0, elapsed(this::read));
        assertEquals("the engine was told already", nudges, fixture.engine.nudges.size());
        clock.pass(200);
        assertEquals(1000, elapsed(this::read));
    }

    @Test
    public void a_rejection_within_a_self_grant_is_a_new_case() {
        fixture.publish(fixture.held("AKID", 3_600_000, 60_000));
        clock.pause(120_000);
        State served = read();
        fixture.publish(fixture.rejected("AKID", 3_600_000).andThen(b -> b.expirationMillis = served.expirationMillis));
        assertEquals(1000, elapsed(this::read));
    }

    @Test
    public void a_self_grant_does_not_grow_when_the_wall_clock_steps_back() {
        fixture.publish(fixture.rejected("AKID", 3_600_000));
        read();
        clock.pause(-3_600_000);
        clock.pass(5100);
        assertEquals(1000, elapsed(this::read));
    }

    @Test
    public void an_interrupt_during_a_passed_grant_serves_what_is_held() {
        fixture.publish(fixture.rejected("AKID", 3_600_000));
        clock.interruptNextWait();
        try {
            assertEquals("AKID", read().accessKeyId);
            assertTrue(Thread.currentThread().isInterrupted());
        } finally {
            Thread.interrupted();
        }
    }

    // ---- dead, closed, engine gone, own threads -----------------------------------------------------------------------

    @Test
    public void dead_credentials_are_refused_with_cause_and_fix_and_without_a_wait() {
        fixture.publish(fixture.held("AKID", -1000, 0).andThen(fixture.failed(1, "the endpoint hangs", 9)).andThen(b -> b.phase = Phase.DEAD));
        assertEquals(0, elapsed(() -> {
            String message = failure();
            assertTrue(message, message.contains("expired at") && message.contains("the endpoint hangs") && message.contains("attach a role"));
        }));
    }

    @Test
    public void a_closed_reader_serves_what_is_held_until_it_expires() {
        fixture.publish(fixture.held("AKID", 60_000, 10_000));
        reader.close();
        clock.pass(30_000);
        assertEquals(0, elapsed(() -> assertEquals("AKID", read().accessKeyId)));
        clock.pass(31_000);
        assertTrue(failure().contains("closed"));
    }

    @Test
    public void a_close_ends_the_wait_of_a_read() {
        clock.in(400, fixture.cell::close);
        assertEquals(400, elapsed(() -> assertTrue(failure().contains("closed"))));
    }

    @Test
    public void a_dead_engine_is_restarted_and_what_is_held_is_served_at_once() {
        fixture.publish(fixture.held("AKID", 3_600_000, 10_000));
        clock.pass(20_000);
        fixture.engine.alive = false;
        assertEquals(0, elapsed(() -> assertEquals("AKID", read().accessKeyId)));
        assertEquals(1, fixture.engine.restarts);
    }

    @Test
    public void an_engine_that_cannot_be_restarted_still_serves_what_is_held() {
        fixture.publish(fixture.held("AKID", 3_600_000, 10_000));
        clock.pass(20_000);
        fixture.engine.alive = false;
        fixture.engine.canRestart = false;
        assertEquals("AKID", read().accessKeyId);
    }

    @Test(expected = NativeUnavailable.class)
    public void an_engine_that_cannot_be_restarted_with_nothing_held_lets_the_sdk_take_over() {
        fixture.engine.alive = false;
        fixture.engine.canRestart = false;
        read();
    }

    @Test
    public void on_our_own_threads_nothing_waits() throws Exception {
        AtomicReference<String> first = new AtomicReference<>();
        long nothing = elapsed(() -> onOwnThread(() -> first.set(failure())));
        assertTrue(first.get(), first.get().contains("own threads never wait"));
        fixture.publish(fixture.rejected("AKID", 60_000));
        AtomicReference<State> second = new AtomicReference<>();
        long held = elapsed(() -> onOwnThread(() -> second.set(read())));
        assertEquals("AKID", second.get().accessKeyId);
        assertEquals(0, nothing + held);
    }

    private static void onOwnThread(Runnable work) {
        Thread thread = OwnThreads.create(work, "evercreds-test");
        thread.start();
        try {
            thread.join(10_000);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    // ---- refresh and minimum life -------------------------------------------------------------------------------------

    @Test
    public void refresh_waits_until_the_attempt_has_ended() {
        fixture.publish(fixture.held("OLD", 60_000, 10_000));
        clock.in(10, () -> fixture.publish(fixture.held("OLD", 60_000, 10_000).andThen(b -> {
            b.attempt = 2;
            b.inFlight = true;
        })));
        clock.in(300, () -> fixture.publish(fixture.held("NEW", 60_000, 10_000).andThen(b -> b.attempt = 2)));
        assertEquals(300, elapsed(() -> fixture.slow.refresh(reader)));
        assertEquals(Collections.singletonList("1"), fixture.engine.nudges);
    }

    @Test
    public void refresh_waits_at_most_two_seconds_and_asks_once_in_ten() {
        fixture.publish(fixture.held("AKID", 60_000, 10_000));
        assertEquals(2000, elapsed(() -> fixture.slow.refresh(reader)));
        assertEquals(0, elapsed(() -> fixture.slow.refresh(reader)));
        assertEquals(1, fixture.engine.nudges.size());
        assertEquals("AKID", fixture.cell.state().accessKeyId);
    }

    @Test
    public void enough_life_is_answered_at_once() {
        fixture.publish(fixture.held("AKID", 60_000, 10_000));
        assertEquals("AKID", fixture.slow.read(reader, Duration.ofSeconds(30)).accessKeyId);
        assertTrue(fixture.engine.nudges.isEmpty());
    }

    @Test
    public void too_little_life_is_asked_for_and_the_new_set_returned() {
        fixture.publish(fixture.held("OLD", 60_000, 10_000));
        clock.in(100, () -> fixture.publish(fixture.held("NEW", 3_600_000, 10_000).andThen(b -> b.attempt = 2)));
        assertEquals("NEW", fixture.slow.read(reader, Duration.ofMinutes(30)).accessKeyId);
        assertEquals(Collections.singletonList("4:1800000"), fixture.engine.nudges);
    }

    @Test
    public void too_little_life_that_the_source_cannot_mend_is_told_truly() {
        fixture.publish(fixture.held("AKID", 60_000, 10_000));
        try {
            fixture.slow.read(reader, Duration.ofMinutes(30));
            fail("the set has one minute");
        } catch (EvercredsException told) {
            assertTrue(told.getMessage(), told.getMessage().contains("PT30M") && told.getMessage().contains("PT59.5S"));
        }
    }
}
