// How is the simulated AWS started, steered and asked by the benchmark?
package io.github.evercreds.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The simulator's process, and any number of worlds in it. See the README of tests/aws-sim. */
final class Simulator implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int CONTROL_LIMIT_MS = 20_000;

    private final Process process;
    private final String control;

    /**
     * Starts it.
     *
     * @param prefix a command to put before the program
     */
    Simulator(List<String> prefix) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.add(Bench.setting("simulator"));
        process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        BufferedReader said = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        control = JSON.readTree(String.valueOf(said.readLine())).get("control").asText();
    }

    /** One world: an IMDS listener for each contender, so that their requests are counted apart. */
    final class World {
        private final String path;
        private final JsonNode places;

        World(int lifetimeSeconds, int renewBeforeSeconds, List<Contender> contenders) throws IOException {
            StringBuilder names = new StringBuilder();
            for (Contender contender : contenders) {
                names.append(names.length() == 0 ? "" : ",").append('"').append(contender.name()).append('"');
            }
            places = exchange("POST", "/worlds", "{\"imds\":[" + names + "],\"role\":{\"name\":\"app-role\",\"lifetime_s\":" + lifetimeSeconds
                    + ",\"renew_before_s\":" + renewBeforeSeconds + "}}");
            path = "/worlds/" + places.get("world").asText();
        }

        String imds(Contender contender) {
            return places.get("imds").get(contender.name()).asText();
        }

        void perform(String action) throws IOException {
            exchange("POST", path + "/do", action);
        }

        /** How many requests a contender has made. */
        int requests(Contender contender) throws IOException {
            JsonNode listener = exchange("GET", path + "/summary", null).get("by_listener").get(contender.name());
            return listener == null ? 0 : listener.get("requests").asInt();
        }

        /** Every request, in order. */
        JsonNode journal() throws IOException {
            return exchange("GET", path + "/journal?since=0", null).get("entries");
        }

        void close() throws IOException {
            exchange("DELETE", path, null);
        }
    }

    World world(int lifetimeSeconds, int renewBeforeSeconds, List<Contender> contenders) throws IOException {
        return new World(lifetimeSeconds, renewBeforeSeconds, contenders);
    }

    private JsonNode exchange(String method, String path, String body) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(control + path).toURL().openConnection();
        connection.setRequestMethod(method);
        connection.setConnectTimeout(CONTROL_LIMIT_MS);
        connection.setReadTimeout(CONTROL_LIMIT_MS);
        if (body != null) {
            connection.setDoOutput(true);
            connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
        }
        boolean good = connection.getResponseCode() < 300;
        try (InputStream in = good ? connection.getInputStream() : connection.getErrorStream()) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            byte[] buffer = new byte[8192];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                bytes.write(buffer, 0, n);
            }
            if (!good) {
                throw new IOException(method + " " + path + ": the simulator says " + bytes.toString("UTF-8").trim());
            }
            return bytes.size() == 0 ? JSON.createObjectNode() : JSON.readTree(bytes.toByteArray());
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
