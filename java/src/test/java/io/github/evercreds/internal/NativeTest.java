// The boundary with the real native library.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import io.github.evercreds.Order;
import io.github.evercreds.Phase;
import io.github.evercreds.Source;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

public class NativeTest {
    private static final SystemInputs NOTHING = new SystemInputs(Collections.emptyMap(), Collections.emptyMap());

    @Before
    public void load() {
        NativeLoader.load();
        assertEquals("an earlier test left something open", 0, Native.liveCount());
    }

    @After
    public void nothing_is_left() throws Exception {
        NativeEngine.INSTANCE.shutdown();
        NativeEngine.INSTANCE.inputs.source = SystemInputs::read;
        eventually(() -> Native.liveCount() == 0);
    }

    static SystemInputs staticKeys() {
        Map<String, String> env = new HashMap<>();
        env.put("AWS_ACCESS_KEY_ID", "AKIDSTATIC");
        env.put("AWS_SECRET_ACCESS_KEY", Cell.SECRET);
        env.put("AWS_SESSION_TOKEN", Cell.TOKEN);
        return new SystemInputs(env, Collections.emptyMap());
    }

    private static CredentialsCell cell(SystemInputs inputs) {
        return new CredentialsCell(new Config(new Settings(Order.V2), inputs), Dispatcher.INSTANCE);
    }

    private static Subscription subscribe(Settings settings, SystemInputs inputs) {
        NativeEngine.INSTANCE.inputs.source = () -> inputs;
        return NativeEngine.INSTANCE.subscribe(settings);
    }

    private static void eventually(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertTrue("not within 20 s", System.nanoTime() < deadline);
            Thread.sleep(5);
        }
    }

    @Test
    public void the_library_speaks_our_version_of_the_boundary() {
        assertEquals(Native.ABI, Native.abi());
    }

    @Test
    public void a_bad_configuration_is_an_illegal_argument_and_opens_nothing() {
        long run = NativeEngine.INSTANCE.claimRun();
        for (String bad : new String[] {"", "{}", "{\"version\":99}", "[1,2", "\u0000"}) {
            try {
                Native.open(run, bad.getBytes(StandardCharsets.UTF_8), cell(NOTHING));
                fail("accepted: " + bad);
            } catch (IllegalArgumentException refused) {
                assertTrue(refused.getMessage().length() > 10);
            }
        }
        Native.stop(run);
        assertEquals(0, Native.liveCount());
    }

    @Test
    public void an_unknown_id_is_a_no_op() {
        Native.nudge(123456789, Engine.READER, null);
        Native.nudge(-1, Engine.INVALIDATE, "AKID");
        Native.close(123456789);
        Native.close(0);
    }

    @Test
    public void a_run_publishes_static_credentials_and_ends_when_it_is_stopped() throws Exception {
        CredentialsCell cell = cell(staticKeys());
        long number = NativeEngine.INSTANCE.claimRun();
        long id = Native.open(number, cell.config().toBytes(), cell);
        assertNotEquals(0, id);
        Thread run = OwnThreads.create(() -> Native.run(number), "evercreds-test-run");
        run.start();
        eventually(() -> cell.state().held());
        State s = cell.state();
        assertEquals("AKIDSTATIC", s.accessKeyId);
        assertEquals(Cell.SECRET, s.secretAccessKey);
        assertEquals(Cell.TOKEN, s.sessionToken);
        assertEquals(Phase.FRESH, s.phase);
        assertEquals(State.NEVER, s.expirationMillis);
        assertEquals(State.NEVER, s.serveUntilMillis);
        Native.close(id);
        Native.stop(number);
        run.join(20_000);
        assertTrue("the run ended", !run.isAlive());
        assertEquals(0, Native.liveCount());
    }

    @Test
    public void equal_configurations_share_one_cell_and_the_last_close_closes_it() throws Exception {
        Subscription one = subscribe(new Settings(Order.V2), staticKeys());
        Subscription two = subscribe(new Settings(Order.V2), staticKeys());
        assertTrue(one.cell() == two.cell());
        assertEquals("AKIDSTATIC", one.read().accessKeyId);
        assertTrue(one.read() == two.read());
        one.close();
        assertTrue(!two.closed());
        two.close();
        eventually(() -> Native.liveCount() <= 1);      // the run itself
    }

    @Test
    public void a_refresher_that_nobody_holds_is_closed() throws Exception {
        Subscription kept = subscribe(new Settings(Order.V2), staticKeys());
        Settings other = new Settings(Order.V2);
        other.label("dropped");
        subscribe(other, staticKeys()).read();
        eventually(() -> {
            System.gc();
            NativeEngine.INSTANCE.cells.releaseUnreachable();
            return NativeEngine.INSTANCE.cells.all().size() == 1;
        });
        kept.close();
    }

    @Test
    public void a_run_that_ends_unasked_is_replaced_and_its_cells_live_on() throws Exception {
        Subscription reader = subscribe(new Settings(Order.V2), staticKeys());
        assertEquals("AKIDSTATIC", reader.read().accessKeyId);
        long run = NativeEngine.INSTANCE.run();
        Native.stop(run);
        eventually(() -> reader.cell().state().run > run);
        assertEquals("AKIDSTATIC", reader.read().accessKeyId);
        assertTrue(reader.status().toString(), reader.status().trouble().get().contains("restarted"));
        reader.close();
    }

    @Test
    public void a_rejected_key_that_the_source_gives_again_stays_marked_while_it_is_served() throws Exception {
        Subscription reader = subscribe(new Settings(Order.V2), staticKeys());
        long attempts = reader.read().attempt;
        reader.invalidate("AKIDSTATIC");
        eventually(() -> reader.cell().state().attempt > attempts && !reader.cell().state().inFlight);
        assertEquals("AKIDSTATIC", reader.read().accessKeyId);
        assertTrue(reader.status().toString(), reader.status().rejected());
        reader.close();
    }

    @Test
    public void nothing_to_find_is_an_exception_that_says_what_to_do() {
        Map<String, String> env = new HashMap<>();
        env.put("AWS_EC2_METADATA_DISABLED", "true");
        Settings settings = new Settings(Order.V2);
        settings.firstReadTimeout(Duration.ofSeconds(10));
        Subscription reader = subscribe(settings, new SystemInputs(env, Collections.emptyMap()));
        try {
            State s = reader.read();
            fail("there is nothing to be had, but " + s);
        } catch (io.github.evercreds.EvercredsException failure) {
            assertTrue(failure.getMessage(), failure.getMessage().contains("AWS_EC2_METADATA_DISABLED"));
            assertTrue(failure.getMessage(), failure.getMessage().contains("What to do"));
        } finally {
            reader.close();
        }
    }

    /** From property to read, on the engine's own beat: at most five seconds, and the dispatcher's turn. */
    @Test
    public void properties_that_are_set_later_are_seen_by_what_is_open() throws Exception {
        Settings settings = new Settings(Order.V2);
        settings.firstReadTimeout(Duration.ofSeconds(10));
        Subscription reader = subscribe(settings, staticKeys());
        assertEquals("AKIDSTATIC", reader.read().accessKeyId);
        Map<String, String> later = new HashMap<>();
        later.put("aws.accessKeyId", "AKIDLATER");
        later.put("aws.secretAccessKey", "secret");
        SystemInputs changed = new SystemInputs(Collections.emptyMap(), later);
        NativeEngine.INSTANCE.inputs.source = () -> changed;
        eventually(() -> reader.cell().config().inputs == changed);
        eventually(() -> "AKIDLATER".equals(reader.cell().state().accessKeyId));
        assertTrue(reader.status().toString(), reader.status().toString().contains("variables or properties changed"));
        Subscription same = subscribe(settings, changed);
        assertNotSame("who asks now begins with what is set now", reader.cell(), same.cell());
        reader.close();
        same.close();
    }

    /** By the beats alone, twenty looks would take eighty seconds. */
    @Test
    public void who_asks_has_variables_and_properties_looked_at_without_waiting_for_the_beat() throws Exception {
        AtomicInteger looks = new AtomicInteger();
        Subscription reader = subscribe(new Settings(Order.V2), staticKeys());
        NativeEngine.INSTANCE.inputs.source = () -> {
            looks.incrementAndGet();
            return staticKeys();
        };
        long begun = System.nanoTime();
        for (int i = 0; i < 20; i++) {
            int before = looks.get();
            eventually(() -> {
                NativeEngine.INSTANCE.nudge(reader.cell().id(), Engine.READER, null);
                return looks.get() > before;
            });
        }
        assertTrue("they waited for the beat", System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(60));
        assertSame("one object as long as nothing changes", NativeEngine.INSTANCE.inputs.now(), NativeEngine.INSTANCE.inputs.now());
        reader.close();
    }

    @Test
    public void properties_that_cannot_be_meant_are_refused_and_the_old_ones_stay() throws Exception {
        Settings settings = new Settings(Order.V2);
        settings.source(Source.instanceProfile());
        Subscription reader = subscribe(settings, NOTHING);
        SystemInputs wrong = new SystemInputs(Collections.emptyMap(), Collections.singletonMap("aws.ec2MetadataServiceTimeout", "soon"));
        NativeEngine.INSTANCE.inputs.source = () -> wrong;
        NativeEngine.INSTANCE.inputs.look();
        assertEquals(NOTHING, reader.cell().config().inputs);
        assertEquals(wrong, reader.cell().refused);
        SystemInputs right = new SystemInputs(Collections.emptyMap(), Collections.singletonMap("aws.ec2MetadataServiceTimeout", "2"));
        NativeEngine.INSTANCE.inputs.source = () -> right;
        NativeEngine.INSTANCE.inputs.look();
        assertEquals(right, reader.cell().config().inputs);
        reader.close();
    }
}
