// The loopback AWS for a benchmark: one process, one world.
package io.github.evercreds.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Starts the simulator that the property {@code evercreds.bench.simulator} names; it ends with its standard input. */
final class Simulator implements AutoCloseable {
    private final Process process;
    /** The instance metadata service of the world. */
    final URI imds;

    Simulator() throws IOException {
        process = new ProcessBuilder(System.getProperty("evercreds.bench.simulator"))
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String control = find("\"control\":\"([^\"]+)\"", out.readLine());
        imds = URI.create(find("\"imds\":\"([^\"]+)\"", post(control + "/worlds", "{\"role\":{\"lifetime_s\":21600}}")));
    }

    private static String post(String url, String body) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        connection.setDoOutput(true);
        connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
        try (InputStream answer = connection.getInputStream();
             BufferedReader reader = new BufferedReader(new InputStreamReader(answer, StandardCharsets.UTF_8))) {
            return reader.readLine();
        }
    }

    private static String find(String pattern, String text) throws IOException {
        Matcher matcher = Pattern.compile(pattern).matcher(String.valueOf(text));
        if (!matcher.find()) {
            throw new IOException("the simulator answered " + text + " where " + pattern + " was expected");
        }
        return matcher.group(1);
    }

    @Override
    public void close() {
        process.destroy();
    }
}
