// Plays one scenario: a world, a v1 and a v2 client that send in a steady beat, and what happens meanwhile.
package io.github.evercreds.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Snapshot;
import io.github.evercreds.Status;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URL;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** One run; {@link #play} blocks until it is over. */
final class ScenarioRun {
    private static final String[] STATIC = {"aws.accessKeyId", "aws.secretAccessKey", "aws.secretKey", "aws.sessionToken"};

    final Scenario scenario;
    private final World world;
    private final Capture capture;
    private final List<SqsClientUnderTest> clients = new ArrayList<>();
    private final Map<String, Outcome> outcomes = new LinkedHashMap<>();

    /** One call of one client. */
    static final class Call {
        Instant begun;
        double second;
        long waitedMillis;
        String key;
        /** null if it succeeded; {@code none} if there were no credentials to sign with. */
        String code;
        String error;
    }

    /** What one client saw, and what the simulator knows of it. */
    static final class Outcome {
        final List<Call> calls = Collections.synchronizedList(new ArrayList<>());
        final Set<String> errors = Collections.synchronizedSet(new LinkedHashSet<>());
        Status last;
        Instant start;
        Instant end;
        List<World.Entry> journal = Collections.emptyList();
        List<World.CredentialSet> sets = Collections.emptyList();
        List<String> warnings = Collections.emptyList();
        volatile boolean over;

        /** What comes after the end, when the world is being closed, is nobody's fault. True if it is new. */
        boolean error(String text) {
            return !over && errors.add(text);
        }
    }

    /** What is left when it is over. */
    static final class Played {
        final Map<String, Outcome> outcomes;
        final List<String> secrets;

        Played(Map<String, Outcome> outcomes, List<String> secrets) {
            this.outcomes = outcomes;
            this.secrets = secrets;
        }
    }

    /** Makes the world and the clients; nothing is asked of IMDS yet. */
    ScenarioRun(Simulator simulator, Scenario scenario, Capture capture) {
        this.scenario = scenario;
        this.capture = capture;
        ObjectNode config = scenario.world.deepCopy();
        ArrayNode listeners = config.putArray("imds");
        listeners.add("v1").add("v2").add("harness");
        this.world = simulator.world(config);
        clients.add(new V1Client(world));
        clients.add(new V2Client(world));
    }

    private String label(SqsClientUnderTest client) {
        return scenario.name + "/" + client.sdk();
    }

    Played play(ExecutorService threads) throws InterruptedException, ExecutionException, IOException {
        Instant start = Instant.now();
        int next = perform(0, 0, start);    // what holds from the first moment on holds before the providers are built
        startProviders();
        List<Future<?>> beats = new ArrayList<>();
        for (SqsClientUnderTest client : clients) {
            beats.add(threads.submit(() -> beat(client, start)));
        }
        perform(next, scenario.seconds, start);
        for (Future<?> beat : beats) {
            beat.get();
        }
        return conclude(start, Instant.now());
    }

    private void startProviders() {
        for (SqsClientUnderTest client : clients) {
            outcomes.put(client.sdk(), new Outcome());
            client.start(scenario.provider, world.imds(client.sdk()), label(client), new Listening(outcomes.get(client.sdk())));
        }
    }

    /** Sets the properties that this scenario lives by. Before any scenario is played: everything that is open sees them. */
    void setProperties() throws IOException {
        if (scenario.provider.source.equals("systemProperties")) {
            String[] values = credentialsOfThisWorld();
            for (int i = 0; i < STATIC.length; i++) {
                System.setProperty(STATIC[i], values[i]);
            }
        }
    }

    static void clearProperties() {
        for (String name : STATIC) {
            System.clearProperty(name);
        }
    }

    /** Key, secret (by the names of both SDKs) and token, asked of IMDS as a person would. */
    private String[] credentialsOfThisWorld() throws IOException {
        String role = "/latest/meta-data/iam/security-credentials/";
        JsonNode set = Simulator.JSON.readTree(get(role + get(role)));
        String secret = set.get("SecretAccessKey").asText();
        return new String[] {set.get("AccessKeyId").asText(), secret, secret, set.get("Token").asText()};
    }

    private String get(String path) throws IOException {
        HttpURLConnection http = (HttpURLConnection) new URL(world.imds("harness") + path).openConnection(Proxy.NO_PROXY);
        http.setConnectTimeout(5000);
        http.setReadTimeout(5000);
        try (java.util.Scanner body = new java.util.Scanner(http.getInputStream(), "UTF-8")) {
            return body.useDelimiter("\\A").next();
        }
    }

    /** Performs the steps from the given one on that are due by then; gives the first that is not. */
    private int perform(int from, double until, Instant start) throws InterruptedException {
        int next = from;
        for (; next < scenario.timeline.size() && scenario.timeline.get(next).at <= until; next++) {
            Scenario.Step step = scenario.timeline.get(next);
            sleepUntil(start, step.at);
            if (step.action != null) {
                world.perform(step.action);
            }
            if (step.application != null) {
                for (SqsClientUnderTest client : clients) {
                    act(step.application, client);
                }
            }
        }
        return next;
    }

    private static void act(Scenario.Application what, SqsClientUnderTest client) {
        if (what == Scenario.Application.INVALIDATE) {
            client.status().accessKeyId().ifPresent(client::invalidate);
        } else {
            client.refresh();
        }
    }

    private static void sleepUntil(Instant start, double second) throws InterruptedException {
        long millis = Duration.between(Instant.now(), start.plusMillis((long) (second * 1000))).toMillis();
        if (millis > 0) {
            TimeUnit.MILLISECONDS.sleep(millis);
        }
    }

    private Void beat(SqsClientUnderTest client, Instant start) throws InterruptedException {
        Outcome outcome = outcomes.get(client.sdk());
        while (true) {
            Call call = new Call();
            call.begun = Instant.now();
            call.second = Duration.between(start, call.begun).toMillis() / 1000.0;
            if (call.second >= scenario.seconds) {
                return null;
            }
            SqsClientUnderTest.Reading reading = client.newReading();
            try {
                client.send();
            } catch (RuntimeException failed) {
                call.code = String.valueOf(client.codeOf(failed));
                call.error = String.valueOf(failed.getMessage());
                capture.note(label(client), failed);
            }
            call.waitedMillis = TimeUnit.NANOSECONDS.toMillis(reading.waitedNanos);
            call.key = reading.key;
            outcome.calls.add(call);
            look(client, outcome);
            double elapsed = Duration.between(start, Instant.now()).toMillis() / 1000.0;
            double beat = scenario.beatMillis / 1000.0;
            sleepUntil(start, (Math.floor(elapsed / beat) + 1) * beat);
        }
    }

    private void look(SqsClientUnderTest client, Outcome outcome) {
        Status status = client.status();
        String trouble = status.lastError().map(error -> error + " " + status.lastErrorFix().orElse("")).orElse(null);
        if (trouble != null && outcome.error(trouble)) {
            for (Object object : client.objects()) {
                capture.note(object);
            }
        }
    }

    private Played conclude(Instant start, Instant end) {
        // Before the truth is asked for: a set that is minted between the two must be among what is known to exist.
        for (SqsClientUnderTest client : clients) {
            outcomes.get(client.sdk()).last = client.status();
        }
        List<String> secrets = world.secrets();
        List<World.Entry> journal = world.journal();
        List<World.CredentialSet> sets = world.sets();
        for (SqsClientUnderTest client : clients) {
            Outcome outcome = outcomes.get(client.sdk());
            for (Object object : client.objects()) {
                capture.note(object);
            }
            outcome.start = start;
            outcome.end = end;
            outcome.sets = sets;
            for (World.Entry entry : journal) {
                if (entry.listener.equals(client.sdk())) {
                    outcome.journal = new ArrayList<>(outcome.journal);
                    outcome.journal.add(entry);
                }
            }
            outcome.warnings = capture.logged(java.util.logging.Level.WARNING, label(client) + ":");
            outcome.over = true;
            client.close();
        }
        clients.clear();    // an unreachable provider is closed; it must not go on asking a world that is gone
        world.close();
        return new Played(outcomes, secrets);
    }

    /** Notes what an application is told. */
    private final class Listening implements RefresherListener {
        private final Outcome outcome;

        Listening(Outcome outcome) {
            this.outcome = outcome;
        }

        @Override
        public void onCredentials(Snapshot credentials) {
            capture.note(credentials);
        }

        @Override
        public void onIdentityChanged(Snapshot credentials, String previousIdentity) {
            capture.note(credentials + " after " + previousIdentity);
        }

        @Override
        public void onCannotRefresh(Duration left, io.github.evercreds.Phase phase, String reason, String fix) {
            outcome.error(reason + " " + fix);
            capture.note(left + " " + phase + " " + reason + " " + fix);
        }

        @Override
        public void onRecovered(Snapshot credentials) {
            capture.note("recovered: " + credentials);
        }
    }
}
