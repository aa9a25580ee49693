// Which source is chosen: our default chains beside those of both SDKs, in some hundred environments.
package io.github.evercreds.jvm;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.scenario.Simulator;
import io.github.evercreds.scenario.World;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.Test;

/**
 * A JVM for each environment, in each of which every combination of {@link PrecedenceChild} is tried. The same key must
 * come out, or the difference be one of those that {@code docs/configuration.md} tells of: what is declared and is of no
 * use is an error here, where the SDKs go on to the next source.
 */
public class PrecedenceTest {
    private final Map<String, Map<String, String>> environments = new LinkedHashMap<>();

    private void environment(String name, String... pairs) {
        Map<String, String> set = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            set.put(pairs[i], pairs[i + 1]);
        }
        environments.put(name, set);
    }

    @Test
    public void the_same_source_is_chosen_as_by_the_sdks_or_the_difference_is_a_documented_one() throws Exception {
        Map<String, Integer> counts = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        int compared = 0;
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (Simulator simulator = Simulator.start(); World world = simulator.world("{'role':{'lifetime_s':21600,'renew_before_s':300}}")) {
            environment("nothing");
            environment("keys", "AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY", "secret");
            environment("half", "AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT");
            environment("oldnames", "AWS_ACCESS_KEY", "AKIAOLDNAMES", "AWS_SECRET_KEY", "secret");
            environment("profile", "AWS_PROFILE", "other");
            environment("webidentity", "AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/token", "AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app");
            environment("noimds", "AWS_EC2_METADATA_DISABLED", "true");
            environment("container", "AWS_CONTAINER_CREDENTIALS_FULL_URI", world.service("ecs") + world.ecsPath());
            environment("deadcontainer", "AWS_CONTAINER_CREDENTIALS_FULL_URI", PrecedenceChild.DEAD);
            Map<String, Future<ChildJvm.Ended>> running = new LinkedHashMap<>();
            environments.forEach((name, set) -> running.put(name, threads.submit(() -> {
                ChildJvm child = new ChildJvm(PrecedenceChild.class, world.imds("imds").toString()).limit(180);
                set.forEach(child::variable);
                return child.run();
            })));
            for (Map.Entry<String, Future<ChildJvm.Ended>> one : running.entrySet()) {
                ChildJvm.Ended ended = one.getValue().get();
                assertEquals(ended.output, 0, ended.exitCode);
                for (String line : ended.lines("case")) {
                    String[] part = line.split(" ");
                    compared++;
                    String what = part[4].equals(part[5]) ? "the same" : difference(one.getKey(), part);
                    counts.merge(what == null ? "unexplained" : what, 1, Integer::sum);
                    if (what == null) {
                        wrong.add(one.getKey() + " " + line);
                    }
                }
            }
        } finally {
            threads.shutdownNow();
        }
        System.out.println("precedence: " + compared + " compared: " + counts);
        assertEquals(Collections.emptyList(), wrong);
        assertTrue(compared + " compared", compared >= 1_500);
    }

    /**
     * Why ours gives nothing where the SDK gives a key; null if it must not. {@code part}: file, profile, keys, SDK, theirs,
     * ours. What the SDK took must stand behind what is declared and of no use: keys in variables and properties come before
     * all that is meant here.
     */
    private static String difference(String environment, String[] part) {
        boolean keysCameFirst = part[4].equals("AKIAPROPERTY") || part[4].equals("AKIAENVIRONMENT") || part[4].equals("AKIAOLDNAMES");
        if (!part[5].equals(PrecedenceChild.NONE) || keysCameFirst) {
            return null;
        }
        if (environment.equals("webidentity")) {
            return "a web identity is declared and fails";
        }
        // SDK v1 lets the variable go first, SDK v2 the property.
        boolean byVariable = environment.equals("profile") && (part[3].equals("v1") || part[1].equals("profile0"));
        String named = byVariable ? "other" : PrecedenceChild.PROFILES[part[1].charAt("profile".length()) - '0'];
        String text = PrecedenceChild.FILES[part[0].charAt("file".length()) - '0'];
        if (named != null && (text == null || !text.startsWith("[" + named + "]"))) {
            return "a profile is named and is of no use";
        }
        if (part[0].equals("file4")) {
            return "the profile file is broken";
        }
        if (part[0].equals("file5") && named == null) {
            return "the default profile has half of its keys";
        }
        return environment.equals("deadcontainer") && !part[4].startsWith("AKIA") ? "a container endpoint is declared and does not answer" : null;
    }
}
