// The library keeps no JVM from ending, changes no exit code and delays no exit.
package io.github.evercreds.proof;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.proof.ExitChild.Way;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.BeforeClass;
import org.junit.Test;

/**
 * Each child runs at the same time as its twin, which does the same without the library, so that both meet the same
 * noise. HotSpot itself waits up to 300 ms at its end for threads that are in a system call, whosever they are; a control
 * shows by how much, and the median may not be above it. What is measured is the exit alone: from the child's last line to its end. A hundred pairs for each way to end;
 * {@code -Devercreds.proof.children} changes that.
 */
public class ExitProof {
    private static final int CHILDREN = Integer.getInteger("evercreds.proof.children", 100);
    private static final double ALLOWANCE_MILLIS = 500;
    /** A delay that is there each time shows in the median, where noise does not hide it. */
    private static final double MEDIAN_ALLOWANCE_MILLIS = 50;
    private static final int CONTROLS = 20;
    private static final int NEVER_ENDS_SECONDS = 20;

    private static final class Ended {
        final int code;
        final double millis;
        final List<String> errors;

        Ended(int code, double millis, List<String> errors) {
            this.code = code;
            this.millis = millis;
            this.errors = errors;
        }
    }

    private static double[] controls;

    @BeforeClass
    public static void measureWhatAnyThreadInASystemCallCosts() throws Exception {
        controls = new double[CONTROLS];
        try (FakeImds imds = new FakeImds("app-role", 3600)) {
            for (int i = 0; i < CONTROLS; i++) {
                controls[i] = run(Way.RETURN, "selector", imds, "none").millis;
            }
        }
    }

    private static Ended run(Way way, String who, FakeImds imds, String until) throws Exception {
        try (InteractiveJvm child = new InteractiveJvm(new ArrayList<>(), InteractiveJvm.classPath(false), ExitChild.class, way.name(), who, imds.endpoint().toString(), until)) {
            long left = Long.parseLong(child.lineWith(InteractiveJvm.LEAVING));
            int code = child.exitCode(NEVER_ENDS_SECONDS);
            return new Ended(code, (System.nanoTime() - left) / 1e6, child.errors());
        }
    }

    private static void prove(Way way) throws Exception {
        double[] ours = new double[CHILDREN];
        double[] twins = new double[CHILDREN];
        List<String> wrong = new ArrayList<>();
        int laterThanOwnTwin = 0;
        ExecutorService two = Executors.newFixedThreadPool(2);
        try (FakeImds answering = new FakeImds("app-role", 3600); FakeImds silent = new FakeImds("app-role", 3600).silent()) {
            for (int i = 0; i < CHILDREN; i++) {
                // Every other child leaves while its first fetch hangs; in mid-upcall there must be something to publish.
                boolean held = i % 2 == 0 || way == Way.UPCALL;
                FakeImds imds = held ? answering : silent;
                Future<Ended> one = two.submit(() -> run(way, "ours", imds, held ? "held" : "hanging"));
                Future<Ended> twin = two.submit(() -> run(way, "twin", imds, "none"));
                Ended o = one.get();
                Ended t = twin.get();
                assertEquals("the twin's own exit code", way.code, t.code);
                ours[i] = o.millis;
                twins[i] = t.millis;
                laterThanOwnTwin += o.millis > t.millis + ALLOWANCE_MILLIS ? 1 : 0;
                if (o.code != way.code || !o.errors.equals(t.errors)) {
                    wrong.add("child " + i + (held ? "" : " (fetch hanging)") + ": " + (o.code == -1 ? "did not end" : "exit code " + o.code)
                            + ", said " + o.errors.subList(0, Math.min(3, o.errors.size())));
                }
            }
        } finally {
            two.shutdownNow();
        }
        double limit = Figures.max(twins) + ALLOWANCE_MILLIS;
        long late = Arrays.stream(ours).filter(each -> each > limit).count();
        new Figures().put("what", "milliseconds from the child's last line to its end").put("children", CHILDREN).put("exit_code", way.code)
                .put("ours_ms", Figures.spread(ours)).put("without_us_ms", Figures.spread(twins)).put("with_a_thread_in_a_selector_ms", Figures.spread(controls))
                .put("wrong", wrong)
                .put("later_than_own_twin_plus_500_ms", laterThanOwnTwin).put("later_than_slowest_twin_plus_500_ms", late)
                .write("exit-" + way.name().toLowerCase(java.util.Locale.ROOT));
        assertTrue(wrong.toString(), wrong.isEmpty());
        assertEquals("children that ended later than the slowest twin + 500 ms", 0, late);
        double usual = Math.max(Figures.median(twins), Figures.median(controls));
        assertTrue("the median exit is delayed: " + Figures.median(ours) + " ms, without us " + usual + " ms",
                Figures.median(ours) <= usual + MEDIAN_ALLOWANCE_MILLIS);
    }

    @Test
    public void main_that_returns_ends_the_jvm() throws Exception {
        prove(Way.RETURN);
    }

    @Test
    public void system_exit_ends_the_jvm_with_its_code() throws Exception {
        prove(Way.EXIT);
    }

    @Test
    public void an_uncaught_exception_ends_the_jvm_with_code_1_and_is_all_that_is_printed() throws Exception {
        prove(Way.UNCAUGHT);
    }

    @Test
    public void an_exit_amid_a_stream_of_upcalls_ends_the_jvm() throws Exception {
        prove(Way.STREAM);
    }

    @Test
    public void an_exit_while_the_engine_stands_in_an_upcall_ends_the_jvm() throws Exception {
        prove(Way.UPCALL);
    }
}
