// Is anything left when refreshers come and go?
package io.github.evercreds.jvm;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.Refresher;
import io.github.evercreds.scenario.Simulator;
import io.github.evercreds.scenario.World;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

/** Counts what is open in the native library and the threads of this JVM, before and after. */
public class ComingAndGoingTest {
    private Simulator simulator;
    private World world;

    @Before
    public void start() {
        Refresher.shutdownAll();
        simulator = Simulator.start();
        world = simulator.world("{'imds':['it']}");
    }

    @After
    public void stop() {
        Refresher.shutdownAll();
        simulator.close();
    }

    @Test
    public void two_hundred_refreshers_that_come_and_go_leave_nothing() throws Exception {
        Refresher.builder().instanceProfile().endpoint(world.imds("it")).build().close();     // the library is loaded
        await("the first is gone", () -> liveCount() <= 1);
        for (int i = 0; i < 200; i++) {
            Refresher.Builder builder = Refresher.builder().instanceProfile().endpoint(world.imds("it")).label("number " + i)
                    .advisoryWindow(Duration.ofSeconds(60 + i));
            try (Refresher refresher = builder.build()) {
                if (i % 4 == 0) {
                    assertTrue(refresher.credentials().accessKeyId().startsWith("ASIA"));
                }
            }
        }
        await("only the engine's run is live", () -> liveCount() == 1);
        Refresher.shutdownAll();
        await("nothing is live", () -> liveCount() == 0);
        await("no thread is left", () -> ourThreads().isEmpty());
    }

    @Test
    public void a_hundred_at_once_share_two_threads_and_are_counted() throws Exception {
        List<Refresher> open = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            open.add(Refresher.builder().instanceProfile().endpoint(world.imds("it")).label("number " + i).build());
        }
        for (Refresher refresher : open) {
            refresher.credentials();
        }
        assertEquals("open ids and one run", 101, liveCount());
        assertTrue("threads: " + ourThreads(), ourThreads().size() <= 2);
        open.forEach(Refresher::close);
        await("only the engine's run is live", () -> liveCount() == 1);
    }

    @Test
    public void equal_configurations_are_one() throws Exception {
        List<Refresher> open = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            open.add(Refresher.builder().instanceProfile().endpoint(world.imds("it")).label("all the same").build());
        }
        await("one id and one run", () -> liveCount() == 2);
        open.subList(1, 50).forEach(Refresher::close);
        assertTrue("the last one still reads", open.get(0).credentials().accessKeyId().startsWith("ASIA"));
        open.get(0).close();
        await("only the engine's run is live", () -> liveCount() == 1);
    }

    @Test
    public void refreshers_that_nobody_holds_any_more_are_closed() throws Exception {
        for (int i = 0; i < 20; i++) {
            Refresher.builder().instanceProfile().endpoint(world.imds("it")).label("forgotten " + i).build();
        }
        // They are noticed on the engine's tick, which comes every five seconds.
        await("only the engine's run is live", () -> {
            System.gc();
            return liveCount() == 1;
        });
    }

    @Test
    public void after_a_shutdown_the_engine_starts_anew() throws Exception {
        for (int i = 0; i < 5; i++) {
            try (Refresher refresher = Refresher.builder().instanceProfile().endpoint(world.imds("it")).build()) {
                assertTrue(refresher.credentials().accessKeyId().startsWith("ASIA"));
            }
            Refresher.shutdownAll();
            await("nothing is live", () -> liveCount() == 0);
        }
        await("no thread is left", () -> ourThreads().isEmpty());
    }

    private static Set<String> ourThreads() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).filter(name -> name.startsWith("evercreds"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static long liveCount() throws ReflectiveOperationException {
        Method count = Class.forName("io.github.evercreds.internal.Native").getDeclaredMethod("liveCount");
        count.setAccessible(true);
        return (Long) count.invoke(null);
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long limit = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.call()) {
            assertTrue("within 20 s: " + what + "; live " + liveCount() + ", threads " + ourThreads(), System.nanoTime() < limit);
            Thread.sleep(20);
        }
    }
}
