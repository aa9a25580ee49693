// The second thread: bounded, never in the engine's way, gone when idle.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.Test;

public class DispatcherTest {
    private final Dispatcher dispatcher = new Dispatcher(Clock.SYSTEM, TimeUnit.MILLISECONDS.toNanos(50));

    @Test
    public void what_does_not_fit_is_dropped_and_counted_and_nobody_waits() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        AtomicInteger done = new AtomicInteger();
        dispatcher.execute(() -> {
            started.countDown();
            awaitQuietly(release);
        });
        assertTrue(started.await(10, TimeUnit.SECONDS));
        for (int i = 0; i < Dispatcher.QUEUE + 7; i++) {
            dispatcher.execute(done::incrementAndGet);
        }
        assertEquals(7, dispatcher.dropped());
        CountDownLatch last = new CountDownLatch(1);
        release.countDown();
        while (!dispatcher.execute(last::countDown)) {
            Thread.yield();
        }
        assertTrue(last.await(10, TimeUnit.SECONDS));
        assertEquals(Dispatcher.QUEUE, done.get());
    }

    @Test
    public void its_thread_is_a_clean_daemon_that_ends_when_idle_and_comes_back() throws Exception {
        InheritableThreadLocal<String> inherited = new InheritableThreadLocal<>();
        inherited.set("the application's");
        try {
            AtomicReference<Thread> first = new AtomicReference<>();
            AtomicReference<String> seen = new AtomicReference<>("unset");
            CountDownLatch ran = new CountDownLatch(1);
            dispatcher.execute(() -> {
                first.set(Thread.currentThread());
                seen.set(inherited.get());
                ran.countDown();
            });
            assertTrue(ran.await(10, TimeUnit.SECONDS));
            assertTrue(first.get().isDaemon());
            assertEquals(null, seen.get());
            assertEquals(null, first.get().getContextClassLoader());
            first.get().join(10_000);
            assertFalse(first.get().isAlive());
            CountDownLatch again = new CountDownLatch(1);
            dispatcher.execute(again::countDown);
            assertTrue(again.await(10, TimeUnit.SECONDS));
        } finally {
            inherited.remove();
        }
    }

    @Test
    public void work_that_throws_does_not_end_the_thread() throws Exception {
        CountDownLatch after = new CountDownLatch(1);
        dispatcher.execute(() -> {
            throw new IllegalStateException("from a listener");
        });
        dispatcher.execute(() -> {
            throw new NoClassDefFoundError("from an appender");
        });
        dispatcher.execute(after::countDown);
        assertTrue(after.await(10, TimeUnit.SECONDS));
    }

    @Test
    public void an_error_of_a_listeners_own_kind_does_not_end_the_thread() throws Exception {
        AtomicReference<Thread> before = new AtomicReference<>();
        AtomicReference<Thread> after = new AtomicReference<>();
        CountDownLatch done = new CountDownLatch(1);
        dispatcher.execute(() -> {
            before.set(Thread.currentThread());
            throw new Error("as Kotlin's TODO() throws");
        });
        dispatcher.execute(() -> {
            after.set(Thread.currentThread());
            done.countDown();
        });
        assertTrue(done.await(10, TimeUnit.SECONDS));
        assertTrue(before.get() == after.get());
    }

    @Test
    public void what_waits_behind_an_error_of_the_jvm_is_done_by_a_new_thread() throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        CountDownLatch queued = new CountDownLatch(1);
        dispatcher.execute(() -> {
            awaitQuietly(queued);
            Thread.currentThread().setUncaughtExceptionHandler((thread, expected) -> { });
            throw new StackOverflowError("in a listener");
        });
        dispatcher.execute(done::countDown);
        queued.countDown();
        assertTrue(done.await(10, TimeUnit.SECONDS));
    }

    @Test
    public void a_thread_that_the_system_refuses_is_asked_for_again_with_the_next_work() throws Exception {
        AtomicInteger refusals = new AtomicInteger(2);
        Dispatcher poor = new Dispatcher(Clock.SYSTEM, TimeUnit.MILLISECONDS.toNanos(50), work -> new Thread(work) {
            @Override
            public synchronized void start() {
                if (refusals.getAndDecrement() > 0) {
                    throw new OutOfMemoryError("unable to create native thread");
                }
                super.start();
            }
        });
        CountDownLatch done = new CountDownLatch(2);
        poor.execute(done::countDown);
        Cell fixture = new Cell(Clock.SYSTEM);
        CompletableFuture<State> future = new CompletableFuture<>();
        poor.await(new ReadWait(ReadWait.Kind.FIRST, fixture.reader(Duration.ofMinutes(1)), fixture.engine, Clock.SYSTEM, 60_000_000_000L), future);
        assertTrue("a future that nobody would complete fails at once", future.isCompletedExceptionally());
        poor.execute(done::countDown);
        assertTrue(done.await(10, TimeUnit.SECONDS));
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
