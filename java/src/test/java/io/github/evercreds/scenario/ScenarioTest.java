// Every scenario folder through the real JVM: real v1 and v2 SQS clients, the strict simulator, real time.
package io.github.evercreds.scenario;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.AfterClass;
import org.junit.BeforeClass;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;

/**
 * All scenarios run at once, each in a world of its own, so that the whole takes hardly longer than the longest. Each
 * client's result is a test; the last test looks for secrets in all that was said. {@code -Devercreds.test.scenario=NAME}
 * (as {@code -PtestJvmArgs}) plays only those whose name holds that text.
 */
@RunWith(Parameterized.class)
public class ScenarioTest {
    private static final Path FOLDER = Paths.get("tests", "scenarios");
    private static final String NO_SECRETS = "no text holds a secret";
    private static final List<Scenario> SCENARIOS = Scenario.readAll(FOLDER).stream()
            .filter(s -> s.name.contains(System.getProperty("evercreds.test.scenario", ""))).collect(Collectors.toList());

    private static Capture capture;
    private static Simulator simulator;
    private static ExecutorService threads;
    private static List<Future<ScenarioRun.Played>> results;

    private final String sdk;
    private final int number;

    /** One claim: a scenario by one SDK. */
    public ScenarioTest(String name, String sdk, int number) {
        this.sdk = sdk;
        this.number = number;
    }

    @Parameterized.Parameters(name = "{0} {1}")
    public static List<Object[]> claims() {
        List<Object[]> claims = new ArrayList<>();
        for (int i = 0; i < SCENARIOS.size(); i++) {
            claims.add(new Object[] {SCENARIOS.get(i).name, "v1", i});
            claims.add(new Object[] {SCENARIOS.get(i).name, "v2", i});
        }
        claims.add(new Object[] {NO_SECRETS, "", -1});
        return claims;
    }

    @BeforeClass
    public static void play() throws Exception {
        capture = Capture.begin();
        simulator = Simulator.start();
        threads = Executors.newCachedThreadPool();
        warmUp();
        List<ScenarioRun> runs = new ArrayList<>();
        for (Scenario scenario : SCENARIOS) {
            runs.add(new ScenarioRun(simulator, scenario, capture));
        }
        for (ScenarioRun run : runs) {
            run.setProperties();
        }
        results = new ArrayList<>();
        for (ScenarioRun run : runs) {
            results.add(threads.submit(() -> run.play(threads)));
            Thread.sleep(20);       // a hundred providers in one millisecond is not what is tried here
        }
    }

    /** The first call of an SDK loads a few thousand classes; that is not what is measured. */
    private static void warmUp() throws Exception {
        Scenario scenario = new Scenario();
        scenario.name = "warm-up";
        scenario.seconds = 2;
        new ScenarioRun(simulator, scenario, capture).play(threads);
    }

    @AfterClass
    public static void end() throws Exception {
        threads.shutdownNow();
        threads.awaitTermination(5, TimeUnit.SECONDS);
        ScenarioRun.clearProperties();
        simulator.close();
    }

    @Test
    public void holds() throws Exception {
        if (number < 0) {
            noTextHoldsASecret();
            return;
        }
        Scenario scenario = SCENARIOS.get(number);
        ScenarioRun.Played played = results.get(number).get(3, TimeUnit.MINUTES);
        System.out.println(figures(scenario.name + " " + sdk, played.outcomes.get(sdk)));
        List<String> broken = Verdict.of(scenario, played.outcomes.get(sdk));
        assertTrue(scenario.name + " on " + sdk + ", " + broken.size() + " faults; the folder: " + FOLDER.resolve(scenario.name.split(" ")[0]) + "\n  "
                + broken.stream().limit(12).collect(Collectors.joining("\n  ")) + "\n" + played.outcomes.get(sdk).last, broken.isEmpty());
    }

    private static String figures(String name, ScenarioRun.Outcome seen) {
        return String.format("%-44s %3d calls, %3d failed, %3d with ExpiredToken, later reads waited at most %4d ms, %3d requests to IMDS, %d warnings", name,
                seen.calls.size(), seen.calls.stream().filter(c -> c.code != null).count(), seen.calls.stream().filter(c -> "ExpiredToken".equals(c.code)).count(),
                seen.calls.stream().skip(1).mapToLong(c -> c.waitedMillis).max().orElse(0), seen.journal.size(), seen.warnings.size());
    }

    private static void noTextHoldsASecret() throws Exception {
        List<String> secrets = new ArrayList<>();
        List<String> keys = new ArrayList<>();
        for (Future<ScenarioRun.Played> result : results) {
            ScenarioRun.Played played = result.get(3, TimeUnit.MINUTES);
            secrets.addAll(played.secrets);
            played.outcomes.get("v2").last.accessKeyId().ifPresent(keys::add);
        }
        assertTrue("there are secrets to look for", secrets.size() >= 3 * results.size());
        assertTrue("the search finds what is there: key ids are no secret", capture.holds(keys.get(0)));
        assertEquals("the search finds a secret", 1, Capture.find("x" + secrets.get(0), Arrays.asList(secrets.get(0))).size());
        assertEquals(Collections.emptyList(), capture.said(secrets));
    }
}
