// After a standstill of the whole process that outlasted what was held, the first read brings credentials that live.
package io.github.evercreds.proof;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.scenario.Simulator;
import io.github.evercreds.scenario.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.Test;

/**
 * A JVM with our providers and the SDKs' own is stopped by SIGSTOP and goes on by SIGCONT. Its time and the simulator's
 * are bent, so that hours pass while it stands; before and after, time runs as always.
 */
public class FreezeProof {
    private static final String BEND = Paths.get("target", "time-bend", "time-bend").toAbsolutePath().toString();
    private static final int FASTEST = 1000;
    /** The longest that a read may wait after what was held has expired: the default firstReadTimeout. */
    private static final long BOUND_MILLIS = 5_000;

    /** What one provider gave after the standstill. */
    private static final class Seen {
        String first;
        long firstMillis;
        long liveAfterMillis = -1;
        long slowestMillis;
        int deadKeys;
        int failures;
        private long begun;

        Figures figures() {
            return new Figures().put("first_read", first).put("first_read_ms", firstMillis).put("live_after_ms", liveAfterMillis)
                    .put("slowest_read_ms", slowestMillis).put("dead_keys_handed_out", deadKeys).put("kinds_of_failure", failures);
        }
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertTrue(Arrays.toString(command), process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0);
    }

    /** Stops the child for so many seconds of its time, and lets {@code atTheEnd} happen before it goes on. */
    private static Map<String, Seen> freeze(long lifeSeconds, long frozenSeconds, String atTheEnd) throws Exception {
        Path control = Files.createTempDirectory("freeze").resolve("time.bend");
        run(BEND, "create", control.toString());
        List<String> bent = Arrays.asList(BEND, "run", control.toString(), "--");
        try (Simulator simulator = Simulator.start(bent.toArray(new String[0]));
             World world = simulator.world("{'imds':['" + String.join("','", FreezeChild.PROVIDERS) + "'],"
                     + "'role':{'lifetime_s':" + lifeSeconds + ",'renew_before_s':" + Math.min(300, lifeSeconds / 4) + "}}")) {
            List<String> endpoints = new ArrayList<>();
            for (String provider : FreezeChild.PROVIDERS) {
                endpoints.add(world.imds(provider).toString());
            }
            try (InteractiveJvm child = new InteractiveJvm(bent, InteractiveJvm.classPath(true), FreezeChild.class, String.join(",", endpoints))) {
                String id = child.lineWith(FreezeChild.READY);
                Thread.sleep(500);      // some reads before
                run("kill", "-STOP", id);
                run(BEND, "rate", control.toString(), Integer.toString(FASTEST));
                Thread.sleep(frozenSeconds * 1000 / FASTEST);
                run(BEND, "rate", control.toString(), "1");
                if (atTheEnd != null) {
                    world.perform(atTheEnd);
                }
                run("kill", "-CONT", id);
                List<String> lines = new ArrayList<>();
                for (String line = child.line(); !FreezeChild.OVER.equals(line); line = child.line()) {
                    if (line == null) {
                        throw new IOException("the child ended early; it said " + lines + " and " + child.errors());
                    }
                    lines.add(line);
                }
                return judge(lines, world.sets());
            }
        } finally {
            Files.deleteIfExists(control);
            Files.deleteIfExists(control.getParent());
        }
    }

    private static Map<String, Seen> judge(List<String> lines, List<World.CredentialSet> sets) {
        Map<String, Seen> all = new LinkedHashMap<>();
        Arrays.stream(FreezeChild.PROVIDERS).forEach(provider -> all.put(provider, new Seen()));
        for (String line : lines) {
            String[] part = line.split(" ");
            Seen seen = all.get(part[0]);
            Instant at = Instant.ofEpochMilli(Long.parseLong(part[1]));
            long millis = Long.parseLong(part[2]) / 1000;
            boolean failed = part[3].startsWith(FreezeChild.FAILED);
            boolean live = sets.stream().anyMatch(set -> set.key.equals(part[3]) && set.liveAt(at));
            if (seen.first == null) {
                seen.first = failed ? part[3] : live ? "live" : "dead";
                seen.firstMillis = millis;
                seen.begun = at.toEpochMilli() - millis;
            }
            seen.slowestMillis = Math.max(seen.slowestMillis, millis);
            seen.failures += failed ? 1 : 0;
            seen.deadKeys += !failed && !live ? 1 : 0;
            if (live && seen.liveAfterMillis < 0) {
                seen.liveAfterMillis = at.toEpochMilli() - seen.begun;
            }
        }
        return all;
    }

    private static void prove(String name, long lifeSeconds, long frozenSeconds, String atTheEnd) throws Exception {
        Map<String, Seen> all = freeze(lifeSeconds, frozenSeconds, atTheEnd);
        Figures figures = new Figures().put("life_s", lifeSeconds).put("frozen_s", frozenSeconds).put("meanwhile", atTheEnd);
        all.forEach((provider, seen) -> figures.put(provider, seen.figures()));
        figures.write(name);
        List<String> wrong = new ArrayList<>();
        all.forEach((provider, seen) -> {
            if (provider.startsWith("ours") && (!"live".equals(seen.first) || seen.deadKeys + seen.failures > 0 || seen.firstMillis > BOUND_MILLIS)) {
                wrong.add(provider + ": first read " + seen.first + " after " + seen.firstMillis + " ms, " + seen.deadKeys + " dead keys");
            }
        });
        assertEquals(Collections.emptyList(), wrong);
    }

    @Test
    public void seven_hours_over_a_set_of_six() throws Exception {
        prove("freeze-7-hours", 21_600, 25_200, null);
    }

    @Test
    public void twenty_minutes_over_a_set_of_fifteen() throws Exception {
        prove("freeze-20-minutes", 900, 1_200, null);
    }

    @Test
    public void twenty_minutes_and_the_service_fails_for_the_first_two_seconds() throws Exception {
        prove("freeze-20-minutes-and-2-seconds-of-503", 900, 1_200, "{'action':'status','code':503,'for_s':2}");
    }

    @Test
    public void ninety_seconds_over_a_set_of_one_minute() throws Exception {
        prove("freeze-90-seconds", 60, 90, null);
    }
}
