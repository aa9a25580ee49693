// Who holds a cell: what a provider for each request, and a queue that is full, must not leave behind.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.Order;
import io.github.evercreds.Phase;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Snapshot;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.Test;

public class CellsTest {
    private static final SystemInputs NOTHING = new SystemInputs(Collections.emptyMap(), Collections.emptyMap());

    private final Dispatcher dispatcher = new Dispatcher(Clock.SYSTEM, TimeUnit.MILLISECONDS.toNanos(50));
    private final List<Long> closed = new ArrayList<>();
    private final List<SystemInputs> told = new ArrayList<>();
    private final Cells cells = new Cells(new Object(), new Cells.Opener() {
        @Override
        public void open(CredentialsCell cell) { }

        @Override
        public void close(long id) {
            closed.add(id);
        }

        @Override
        public void reconfigure(long id, Config config) {
            told.add(config.inputs);
            if (config.inputs.properties.containsKey("wrong")) {
                throw new IllegalArgumentException("wrong: is wrong");
            }
        }
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

            @Override
            public void reconfigure(long id, Config config) { }
        });
        Subscription held = quick.subscribe(new Config(settings, NOTHING), settings, null, new FakeEngine(), dispatcher);
        assertEquals("AKIDFIRST", told.poll(10, TimeUnit.SECONDS));
        assertEquals("AKIDFIRST", held.cell().state().accessKeyId);
    }

    private static SystemInputs property(String name, String value) {
        return new SystemInputs(Collections.emptyMap(), Collections.singletonMap(name, value));
    }

    private Subscription with(SystemInputs inputs) {
        Settings settings = new Settings(Order.V2);
        return cells.subscribe(new Config(settings, inputs), settings, null, new FakeEngine(), dispatcher);
    }

    @Test
    public void changed_inputs_are_told_once_and_only_to_those_that_have_others() {
        Subscription old = with(NOTHING);
        SystemInputs now = property("a", "1");
        Subscription fresh = with(now);
        cells.reconfigure(now);
        cells.reconfigure(now);
        assertEquals(Collections.singletonList(now), told);
        assertEquals(now, old.cell().config().inputs);
        assertEquals("two cells that came to mean the same stay two", 2, cells.all().size());
        assertSame("who comes now finds the one that was first", fresh.cell(), with(now).cell());
        old.close();
        assertEquals(1, cells.all().size());
    }

    @Test
    public void a_cell_whose_settings_have_changed_is_shared_with_nobody_new_for_it_may_hold_what_they_gave_before() {
        Subscription old = with(NOTHING);
        SystemInputs now = property("a", "1");
        cells.reconfigure(now);
        Subscription fresh = with(now);
        assertNotSame(old.cell(), fresh.cell());
        assertNotSame(old.cell(), with(NOTHING).cell());
        assertSame(fresh.cell(), with(now).cell());
    }

    @Test
    public void refused_inputs_are_tried_once_and_the_old_ones_stay_until_they_are_others() {
        Subscription reader = with(NOTHING);
        for (int i = 0; i < 3; i++) {
            cells.reconfigure(property("wrong", "1"));
        }
        assertEquals(1, told.size());
        assertSame(NOTHING, reader.cell().config().inputs);
        cells.reconfigure(property("right", "1"));
        assertEquals("1", reader.cell().config().inputs.properties.get("right"));
        cells.reconfigure(property("wrong", "1"));
        assertEquals("after others in between it is tried again", 3, told.size());
        cells.reconfigure(NOTHING);
        assertEquals(NOTHING, reader.cell().config().inputs);
    }

    @Test
    public void a_closed_cell_is_told_nothing() {
        with(NOTHING).close();
        cells.reconfigure(property("a", "1"));
        assertTrue(told.toString(), told.isEmpty());
        assertEquals(1, closed.size());
    }

    @Test
    public void while_nothing_changes_no_beat_wakes_the_dispatcher() throws Exception {
        InputsWatch watch = new InputsWatch(cells);
        SystemInputs[] now = {NOTHING};
        watch.source = () -> now[0];
        with(NOTHING);
        watch.look();
        Field looked = InputsWatch.class.getDeclaredField("lookedNanos");
        looked.setAccessible(true);
        for (int i = 0; i < 3; i++) {
            looked.set(watch, System.nanoTime() - TimeUnit.SECONDS.toNanos(10));
            watch.beat(null);       // whoever were woken would be missed
        }
        assertTrue(told.toString(), told.isEmpty());
        now[0] = property("a", "1");
        looked.set(watch, System.nanoTime() - TimeUnit.SECONDS.toNanos(10));
        watch.beat(dispatcher);
        CountDownLatch done = new CountDownLatch(1);
        dispatcher.execute(done::countDown);
        assertTrue(done.await(10, TimeUnit.SECONDS));
        assertEquals(Collections.singletonList(now[0]), told);
    }

    /** The engine's loop comes round for each of its refreshers; the variables do not change as often. */
    @Test
    public void a_thousand_beats_are_one_look() throws Exception {
        AtomicInteger looks = new AtomicInteger();
        InputsWatch watch = new InputsWatch(cells);
        watch.source = () -> {
            looks.incrementAndGet();
            return NOTHING;
        };
        long begun = System.nanoTime();
        for (int i = 0; i < 1000; i++) {
            watch.beat(dispatcher);
            watch.asked(dispatcher);
        }
        CountDownLatch done = new CountDownLatch(1);
        dispatcher.execute(done::countDown);
        assertTrue(done.await(10, TimeUnit.SECONDS));
        long most = 1 + (System.nanoTime() - begun) / 200_000_000L;
        assertTrue(looks + " looks", looks.get() >= 1 && looks.get() <= most);
    }
}
