// Who holds a cell: what a provider for each request, and a queue that is full, must not leave behind.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.Order;
import io.github.evercreds.Phase;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Snapshot;
import java.lang.reflect.Field;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.Test;

public class CellsTest {
    private static final SystemInputs NOTHING = new SystemInputs(Collections.emptyMap(), Collections.emptyMap());

    private final Dispatcher dispatcher = new Dispatcher(Clock.SYSTEM, TimeUnit.MILLISECONDS.toNanos(50));
    private final Cells cells = new Cells(new Object(), new Cells.Opener() {
        @Override
        public void open(CredentialsCell cell) { }

        @Override
        public void close(long id) { }
    });

    private Subscription subscribe(RefresherListener listener) {
        Settings settings = new Settings(Order.V2);
        if (listener != null) {
            settings.listener(listener);
        }
        return cells.subscribe(new Config(settings, NOTHING), settings, null, new FakeEngine(), dispatcher);
    }

    @Test
    public void a_cell_does_not_remember_readers_that_are_gone() throws Exception {
        Subscription kept = subscribe(null);
        for (int i = 0; i < 1000; i++) {
            subscribe(null);
        }
        assertEquals("who has no listener is never told", 0, remembered(kept.cell()));
        for (int i = 0; i < 20_000; i++) {
            subscribe(new RefresherListener() { });
            if (i % 5000 == 0) {
                System.gc();
            }
        }
        System.gc();
        for (int i = 0; i < 64; i++) {
            subscribe(new RefresherListener() { });
        }
        assertTrue(remembered(kept.cell()) + " are remembered", remembered(kept.cell()) < 20_000);
        kept.close();
    }

    private static int remembered(CredentialsCell cell) throws ReflectiveOperationException {
        Field readers = CredentialsCell.class.getDeclaredField("readers");
        readers.setAccessible(true);
        return ((List<?>) readers.get(cell)).size();
    }

    @Test
    public void an_unreachable_reader_is_released_although_the_queue_was_full_when_it_was_noticed() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch started = new CountDownLatch(1);
        dispatcher.execute(() -> {
            started.countDown();
            try {
                release.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException stray) {
                Thread.currentThread().interrupt();
            }
        });
        assertTrue(started.await(10, TimeUnit.SECONDS));
        while (dispatcher.execute(() -> { })) {
            // until it is full
        }
        subscribe(null);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        for (boolean noticed = false; !noticed; noticed = passedBy() != null) {
            assertTrue("not noticed", System.nanoTime() < deadline);
            System.gc();
            cells.releaseUnreachableOn(dispatcher);
            Thread.sleep(5);
        }
        assertEquals(1, cells.all().size());
        release.countDown();
        while (!cells.all().isEmpty()) {
            assertTrue("not released", System.nanoTime() < deadline);
            cells.releaseUnreachableOn(dispatcher);
            Thread.sleep(5);
        }
    }

    private Object passedBy() throws ReflectiveOperationException {
        Field field = Cells.class.getDeclaredField("passedBy");
        field.setAccessible(true);
        return field.get(cells);
    }

    @Test
    public void the_first_credentials_reach_the_listener_however_soon_they_come() throws Exception {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Settings settings = new Settings(Order.V2);
        settings.listener(new RefresherListener() {
            @Override
            public void onCredentials(Snapshot credentials) {
                told.add(credentials.accessKeyId());
            }
        });
        // An engine so quick that the first state is there before the cell is open.
        Cells quick = new Cells(new Object(), new Cells.Opener() {
            @Override
            public void open(CredentialsCell cell) {
                State.Builder b = new State.Builder();
                b.run = 1;
                b.generation = 1;
                b.phase = Phase.FRESH;
                b.accessKeyId = "AKIDFIRST";
                b.secretAccessKey = Cell.SECRET;
                b.source = "instance profile";
                cell.publish(b);
            }

            @Override
            public void close(long id) { }
        });
        Subscription held = quick.subscribe(new Config(settings, NOTHING), settings, null, new FakeEngine(), dispatcher);
        assertEquals("AKIDFIRST", told.poll(10, TimeUnit.SECONDS));
        assertEquals("AKIDFIRST", held.cell().state().accessKeyId);
    }
}
