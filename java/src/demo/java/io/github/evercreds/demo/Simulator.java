// How is the simulated AWS started, steered and asked?
package io.github.evercreds.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.concurrent.TimeUnit;

/** The simulator's process and its one world. See the README of tests/aws-sim. */
final class Simulator implements AutoCloseable {
    private static final String ACCOUNT = "123456789012";
    private static final String QUEUE = "demo";
    private static final int CONTROL_LIMIT_MS = 20_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private String control;
    private String world;
    private JsonNode places;

    /** Starts it, with an IMDS listener for each contender. */
    Simulator(Path program, ClientsClock clock, Path log, Story story) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(clock.living(Collections.singletonList(program.toString())));
        process = builder.redirectError(log.toFile()).start();
        try {
            BufferedReader said = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            String line = said.readLine();
            if (line == null) {
                throw new IOException(program + " ended at once; what it said: " + log);
            }
            control = JSON.readTree(line).get("control").asText();
            ObjectNode wanted = JSON.createObjectNode();
            ArrayNode listeners = wanted.putArray("imds");
            for (Contender contender : Contender.values()) {
                listeners.add(contender.id);
            }
            // The story rotates by the clock; this margin only keeps a set from dying without a successor.
            wanted.putObject("role").put("name", "app-role").put("lifetime_s", story.lifetime).put("renew_before_s", 5);
            places = exchange("POST", "/worlds", wanted);
            world = "/worlds/" + places.get("world").asText();
        } catch (IOException | RuntimeException failure) {
            close();
            throw failure;
        }
    }

    String imds(Contender contender) {
        return places.get("imds").get(contender.id).asText();
    }

    String sqs() {
        return places.get("sqs").asText();
    }

    String queue() {
        return sqs() + "/" + ACCOUNT + "/" + QUEUE;
    }

    /** Starts the story; its times count from now. */
    void play(Story story) throws IOException {
        ObjectNode script = JSON.createObjectNode();
        ArrayNode steps = script.putArray("steps");
        for (Story.Step step : story.steps()) {
            steps.addObject().put("at_s", step.at).set("do", JSON.readTree(step.action));
        }
        exchange("POST", world + "/script", script);
    }

    /** Every set that was minted, and when; no secrets. */
    JsonNode truth() throws IOException {
        return exchange("GET", world + "/truth", null).get("sets");
    }

    /** Everything that came in since the start, in order. */
    JsonNode journal() throws IOException {
        return exchange("GET", world + "/journal?since=0", null).get("entries");
    }

    /** Requests by listener. */
    JsonNode summary() throws IOException {
        return exchange("GET", world + "/summary", null).get("by_listener");
    }

    /** Every secret that was handed out. */
    JsonNode secrets() throws IOException {
        return exchange("GET", world + "/secrets", null).get("secrets");
    }

    private JsonNode exchange(String method, String path, JsonNode body) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(control + path).toURL().openConnection();
        connection.setRequestMethod(method);
        connection.setConnectTimeout(CONTROL_LIMIT_MS);
        connection.setReadTimeout(CONTROL_LIMIT_MS);
        if (body != null) {
            connection.setDoOutput(true);
            try (OutputStream out = connection.getOutputStream()) {
                out.write(JSON.writeValueAsBytes(body));
            }
        }
        boolean good = connection.getResponseCode() == HttpURLConnection.HTTP_OK;
        try (InputStream in = good ? connection.getInputStream() : connection.getErrorStream()) {
            String text = Streams.text(in);
            if (!good) {
                throw new IOException(method + " " + path + ": the simulator says " + text.trim());
            }
            return JSON.readTree(text);
        }
    }

    /** It ends when its standard input does; if it does not, it is killed. */
    @Override
    public void close() throws IOException {
        try {
            process.getOutputStream().close();
            process.waitFor(5, TimeUnit.SECONDS);
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroyForcibly();
        }
    }
}
