// The same table for futures: nobody who asks is made to wait.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import io.github.evercreds.Phase;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.Test;

public class AsyncReadTest {
    private final Cell fixture = new Cell(Clock.SYSTEM);
    private final Subscription reader = fixture.reader(Duration.ofMillis(300));

    private static String failure(CompletableFuture<State> future) throws Exception {
        try {
            State s = future.get(10, TimeUnit.SECONDS);
            fail("a failure was expected, not " + s);
            return null;
        } catch (ExecutionException failed) {
            return failed.getCause().getMessage();
        }
    }

    @Test
    public void a_granted_state_is_a_completed_future() {
        fixture.publish(fixture.held("AKID", 60_000, 10_000));
        assertEquals("AKID", reader.readAsync().getNow(null).accessKeyId);
    }

    @Test
    public void nothing_yet_is_a_pending_future_that_the_dispatcher_completes() throws Exception {
        CompletableFuture<State> future = reader.readAsync();
        assertFalse(future.isDone());
        CompletableFuture<String> thread = future.thenApply(s -> Thread.currentThread().getName());
        fixture.publish(fixture.held("AKID", 60_000, 10_000));
        assertEquals("evercreds-dispatcher", thread.get(10, TimeUnit.SECONDS));
        assertEquals("AKID", future.get(10, TimeUnit.SECONDS).accessKeyId);
    }

    @Test
    public void a_pending_future_fails_after_the_first_read_timeout_and_the_next_fails_at_once() throws Exception {
        assertTrue(failure(reader.readAsync()).contains("no credentials within 300 ms"));
        assertTrue(reader.readAsync().isCompletedExceptionally());
    }

    @Test
    public void a_rejected_set_that_is_live_is_handed_out_at_once() {
        fixture.publish(fixture.rejected("AKID", 60_000));
        assertEquals("AKID", reader.readAsync().getNow(null).accessKeyId);
        assertEquals(1, fixture.engine.nudges.size());
    }

    @Test
    public void an_expired_set_is_pending_for_the_patience_then_handed_out() throws Exception {
        fixture.publish(fixture.held("AKID", -1000, -1000));
        CompletableFuture<State> future = reader.readAsync();
        assertFalse(future.isDone());
        assertEquals("AKID", future.get(10, TimeUnit.SECONDS).accessKeyId);
    }

    @Test
    public void dead_is_a_failed_future() throws Exception {
        fixture.publish(fixture.held("AKID", -1000, -1000).andThen(b -> b.phase = Phase.DEAD));
        CompletableFuture<State> future = reader.readAsync();
        assertTrue(future.isCompletedExceptionally());
        assertTrue(failure(future).contains("expired"));
    }

    @Test
    public void closing_fails_what_is_pending() throws Exception {
        CompletableFuture<State> future = fixture.reader(Duration.ofMinutes(5)).readAsync();
        fixture.cell.close();
        assertTrue(failure(future).contains("closed"));
    }

    @Test
    public void a_dead_engine_is_restarted_off_the_callers_thread() throws Exception {
        fixture.engine.alive = false;
        CompletableFuture<State> future = fixture.reader(Duration.ofMinutes(5)).readAsync();
        fixture.publish(fixture.held("AKID", 60_000, 10_000));
        assertEquals("AKID", future.get(10, TimeUnit.SECONDS).accessKeyId);
        assertEquals(1, fixture.engine.restarts);
    }

    @Test
    public void after_a_pause_of_the_process_an_expired_set_is_not_handed_out_though_the_engine_looks_dead() throws Exception {
        fixture.publish(fixture.held("EXPIRED", -1000, -1000));
        fixture.engine.alive = false;
        fixture.engine.merelySilent = true;
        CompletableFuture<State> future = fixture.reader(Duration.ofMinutes(5)).readAsync();
        fixture.dispatcher.execute(() -> fixture.publish(fixture.held("NEXT", 60_000, 10_000)));
        assertEquals("NEXT", future.get(10, TimeUnit.SECONDS).accessKeyId);
        assertEquals(0, fixture.engine.restarts);
    }

    @Test
    public void while_a_dead_engine_is_restarted_an_expired_set_serves() throws Exception {
        fixture.publish(fixture.held("EXPIRED", -1000, -1000));
        fixture.engine.alive = false;
        assertEquals("EXPIRED", fixture.reader(Duration.ofMinutes(5)).readAsync().get(10, TimeUnit.SECONDS).accessKeyId);
        assertEquals(1, fixture.engine.restarts);
    }
}
