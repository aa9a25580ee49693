// The simulator process of this test JVM, and how to talk to it.
package io.github.evercreds.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One {@code aws-sim} process; it ends with this JVM, because its standard input does. */
public final class Simulator implements AutoCloseable {
    static final ObjectMapper JSON = new ObjectMapper();
    private static final int PATIENCE_MILLIS = 20_000;

    private final Process process;
    private final String control;

    private Simulator(Process process, String control) {
        this.process = process;
        this.control = control;
    }

    /**
     * Starts one. The binary is {@code target/debug/aws-sim} of this project, or what {@code evercreds.test.awsSim} names.
     *
     * @param prefix a command to put before it, for example one that bends its time
     * @return a running simulator
     */
    public static Simulator start(String... prefix) {
        Path binary = Paths.get(System.getProperty("evercreds.test.awsSim", "target/debug/aws-sim")).toAbsolutePath();
        if (!Files.isExecutable(binary)) {
            throw new IllegalStateException("there is no simulator at " + binary + "; build it with: cargo build -p aws-sim");
        }
        try {
            List<String> command = new ArrayList<>(Arrays.asList(prefix));
            command.add(binary.toString());
            Process process = new ProcessBuilder(command).redirectError(new File("/dev/null")).start();
            String line = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)).readLine();
            if (line == null) {
                throw new IllegalStateException(binary + " ended without a word");
            }
            return new Simulator(process, JSON.readTree(line).get("control").asText());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /**
     * Makes a world.
     *
     * @param config the body of {@code POST /worlds}
     * @return the new world
     */
    public World world(JsonNode config) {
        return new World(this, call("POST", "/worlds", config));
    }

    /**
     * Makes a world.
     *
     * @param config the body of {@code POST /worlds}, with ' for "
     * @return the new world
     */
    public World world(String config) {
        return world(json(config));
    }

    /** JSON with ' for ". */
    static JsonNode json(String text) {
        try {
            return JSON.readTree(text.replace('\'', '"'));
        } catch (IOException badTest) {
            throw new IllegalArgumentException(text, badTest);
        }
    }

    /** One request to the control interface; its answer, or an exception with what the simulator says. */
    JsonNode call(String method, String path, JsonNode body) {
        try {
            HttpURLConnection http = (HttpURLConnection) URI.create(control + path).toURL().openConnection(Proxy.NO_PROXY);
            http.setRequestMethod(method);
            http.setConnectTimeout(PATIENCE_MILLIS);
            http.setReadTimeout(PATIENCE_MILLIS);
            if (body != null) {
                http.setDoOutput(true);
                try (OutputStream out = http.getOutputStream()) {
                    out.write(JSON.writeValueAsBytes(body));
                }
            }
            int status = http.getResponseCode();
            try (InputStream in = status < 400 ? http.getInputStream() : http.getErrorStream()) {
                JsonNode answer = JSON.readTree(in);
                if (status >= 400) {
                    throw new IllegalArgumentException(method + " " + path + " " + body + ": " + status + " " + answer);
                }
                return answer;
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(method + " " + path, failed);
        }
    }

    @Override
    public void close() {
        process.destroy();
    }
}
