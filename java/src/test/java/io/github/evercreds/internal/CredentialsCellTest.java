// What a published state may and may not do to the held one.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.Phase;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Snapshot;
import io.github.evercreds.Status;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.Test;

public class CredentialsCellTest {
    private final FakeClock clock = new FakeClock();
    private final Cell fixture = new Cell(clock);

    @Test
    public void a_failed_refresh_never_drops_live_credentials() {
        fixture.publish(fixture.held("AKID", 60_000, 10_000));
        fixture.publish(fixture.failed(1, "refused", 2));
        State s = fixture.cell.state();
        assertEquals("AKID", s.accessKeyId);
        assertEquals("refused", s.errorMessage);
    }

    @Test
    public void a_new_run_that_gets_nothing_does_not_say_that_all_is_well() {
        Cell real = new Cell(Clock.SYSTEM);
        real.publish(real.held("AKID", 60_000, 10_000));
        real.newRun();
        real.publish(real.failed(1, "refused", 1));
        assertEquals(Phase.ADVISORY, real.cell.state().phase);
        real.publish(real.held("AKID", -1, 10_000).andThen(b -> b.phase = Phase.ADVISORY));
        real.newRun();
        real.publish(real.failed(1, "refused", 2));
        assertEquals(Phase.STALE, real.cell.state().phase);
    }

    @Test
    public void a_new_run_keeps_what_the_old_one_held_and_its_grant() {
        fixture.publish(fixture.held("AKID", 60_000, 10_000));
        long grant = fixture.cell.state().serveUntilMillis;
        fixture.newRun();
        fixture.publish(b -> b.phase = Phase.NONE);
        assertEquals("AKID", fixture.cell.state().accessKeyId);
        assertEquals(grant, fixture.cell.state().serveUntilMillis);
        assertEquals(2, fixture.cell.state().run);
    }

    @Test
    public void an_older_generation_is_ignored_and_an_older_run_told_to_stop() {
        fixture.publish(fixture.held("NEW", 60_000, 10_000).andThen(b -> b.generation = 9));
        assertTrue(fixture.publish(fixture.held("OLD", 60_000, 10_000).andThen(b -> b.generation = 8)));
        assertEquals("NEW", fixture.cell.state().accessKeyId);
        fixture.newRun();
        fixture.publish(fixture.held("NEWER", 60_000, 10_000));
        assertFalse(fixture.publish(fixture.held("OLD", 60_000, 10_000).andThen(b -> {
            b.run = 1;
            b.generation = 99;
        })));
        assertEquals("NEWER", fixture.cell.state().accessKeyId);
    }

    @Test
    public void dead_without_credentials_ends_serving() {
        fixture.publish(fixture.held("AKID", 60_000, 10_000));
        fixture.publish(b -> b.phase = Phase.DEAD);
        assertFalse(fixture.cell.state().held());
        assertNull(fixture.cell.state().accessKeyId);
    }

    @Test
    public void a_closed_cell_wants_no_more_states() {
        fixture.publish(fixture.held("AKID", 60_000, 10_000));
        fixture.cell.close();
        assertFalse(fixture.publish(fixture.held("NEW", 60_000, 10_000)));
        assertEquals("AKID", fixture.cell.state().accessKeyId);
    }

    @Test
    public void the_last_sixty_four_changes_are_kept() {
        for (int i = 0; i < 100; i++) {
            fixture.publish(fixture.held("AKID" + i, 60_000, 10_000));
        }
        List<Status.Transition> kept = fixture.cell.history().transitions();
        assertEquals(64, kept.size());
        assertTrue(kept.get(63).what(), kept.get(63).what().contains("AKID99"));
        assertTrue(kept.get(0).what(), kept.get(0).what().contains("AKID36"));
    }

    @Test
    public void a_listener_is_told_of_sets_identities_failures_and_recovery_on_the_dispatcher() throws Exception {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Subscription reader = fixture.reader(Duration.ZERO, new RefresherListener() {
            @Override
            public void onCredentials(Snapshot credentials) {
                told.add("set " + credentials.accessKeyId() + " on " + Thread.currentThread().getName());
            }

            @Override
            public void onIdentityChanged(Snapshot credentials, String previousIdentity) {
                told.add("identity " + previousIdentity + " -> " + credentials.identity().get());
            }

            @Override
            public void onCannotRefresh(Duration left, Phase phase, String reason, String fix) {
                told.add("cannot " + phase + " " + reason + " / " + fix);
                throw new IllegalStateException("a listener's own fault");
            }

            @Override
            public void onRecovered(Snapshot credentials) {
                told.add("recovered");
            }
        });
        fixture.publish(fixture.held("A", 60_000, 10_000));
        fixture.publish(fixture.held("B", 60_000, 10_000).andThen(b -> b.identity = "other-role"));
        for (int failure = 1; failure <= 3; failure++) {
            fixture.publish(fixture.held("B", 60_000, 10_000).andThen(fixture.failed(1, "refused", failure)).andThen(b -> b.phase = Phase.ADVISORY));
        }
        fixture.publish(fixture.held("B", 1000, 10_000).andThen(fixture.failed(1, "refused", 4)).andThen(b -> b.phase = Phase.STALE));
        fixture.publish(fixture.held("B", 60_000, 10_000));
        for (String expected : new String[] {"set A on evercreds-dispatcher", "set B on evercreds-dispatcher", "identity app-role -> other-role",
                                             "cannot ADVISORY refused / attach a role", "set B on evercreds-dispatcher", "cannot STALE refused / attach a role",
                                             "set B on evercreds-dispatcher", "recovered"}) {
            assertEquals(expected, told.poll(10, TimeUnit.SECONDS));
        }
        assertFalse(reader.closed());
    }

    @Test
    public void a_denial_is_told_while_the_held_set_is_fresh_and_a_passing_fault_is_not() throws Exception {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Subscription reader = fixture.reader(Duration.ZERO, new RefresherListener() {
            @Override
            public void onCannotRefresh(Duration left, Phase phase, String reason, String fix) {
                told.add(phase + " " + reason);
            }
        });
        fixture.publish(fixture.held("A", 60_000, 10_000).andThen(fixture.failed(1, "timed out", 1)));
        for (int failure = 2; failure <= 4; failure++) {
            fixture.publish(fixture.held("A", 60_000, 10_000).andThen(fixture.failed(State.ERROR_NON_RECOVERABLE, "denied", failure)));
        }
        fixture.publish(fixture.held("A", 60_000, 10_000).andThen(fixture.failed(1, "timed out", 5)).andThen(b -> b.phase = Phase.ADVISORY));
        assertEquals("FRESH denied", told.poll(10, TimeUnit.SECONDS));
        assertEquals("ADVISORY timed out", told.poll(10, TimeUnit.SECONDS));
        assertFalse(reader.closed());
    }
}
