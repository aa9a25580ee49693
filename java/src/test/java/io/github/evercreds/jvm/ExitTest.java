// Does a JVM with our provider end as soon, and in the same way, as one without?
package io.github.evercreds.jvm;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.scenario.Capture;
import io.github.evercreds.scenario.Simulator;
import io.github.evercreds.scenario.World;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.AfterClass;
import org.junit.BeforeClass;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;

/**
 * Starts JVMs that end by return, {@code System.exit} and an uncaught exception, each with a live engine and with one that
 * is waiting for IMDS, beside a twin without us. The time counts from the last line of {@code main} to the end of the
 * process; of three interleaved rounds the best counts, because the machine is not ours alone.
 */
@RunWith(Parameterized.class)
public class ExitTest {
    private static final int ROUNDS = 3;
    private static final long MOST_MILLIS = 500;

    private static Simulator simulator;
    private static World live;
    private static World hanging;

    private final String end;
    private final int exitCode;

    /** One way to end. */
    public ExitTest(String end, int exitCode) {
        this.end = end;
        this.exitCode = exitCode;
    }

    @Parameterized.Parameters(name = "{0}")
    public static Object[][] ends() {
        return new Object[][] {{"return", 0}, {"exit", 3}, {"throw", 1}};
    }

    @BeforeClass
    public static void start() throws Exception {
        simulator = Simulator.start();
        live = simulator.world("{'imds':['it']}");
        hanging = simulator.world("{'imds':['it']}");
        hanging.perform("{'action':'hang_after_connect'}");
    }

    @AfterClass
    public static void stop() {
        simulator.close();
    }

    @Test
    public void a_jvm_with_us_ends_like_its_twin_without() {
        List<String[]> kinds = new ArrayList<>();
        for (String who : new String[] {"none", "v1", "v2"}) {
            kinds.add(new String[] {who, "live"});
            if (!who.equals("none")) {
                kinds.add(new String[] {who, "hanging"});
            }
        }
        long[] best = new long[kinds.size()];
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < best.length; i++) {
                long took = toTheEnd(kinds.get(i)[0], kinds.get(i)[1]);
                best[i] = round == 0 ? took : Math.min(best[i], took);
            }
        }
        StringBuilder figures = new StringBuilder("end by " + end + ", from the last line of main to the end of the process:");
        for (int i = 0; i < best.length; i++) {
            figures.append(' ').append(String.join(" ", kinds.get(i))).append(' ').append(best[i]).append(" ms;");
        }
        System.out.println(figures);
        for (int i = 1; i < best.length; i++) {
            assertTrue(figures.toString(), best[i] <= best[0] + MOST_MILLIS);
        }
    }

    private long toTheEnd(String who, String state) {
        URI imds = (state.equals("live") ? live : hanging).imds("it");
        ChildJvm.Ended ended = new ChildJvm(ExitChild.class, who, state, end, imds.toString()).run();
        assertEquals(ended.output, exitCode, ended.exitCode);
        assertEquals(ended.output, 1, ended.lines("DONE").size());
        assertEquals(ended.output, !who.equals("none") && state.equals("live"), ended.lines("KEY").get(0).startsWith("ASIA"));
        List<String> secrets = (state.equals("live") ? live : hanging).secrets();
        assertTrue(ended.output, Capture.find(ended.output, secrets).isEmpty());
        return ended.endedMillis - Long.parseLong(ended.lines("DONE").get(0).trim());
    }
}
