// An instance metadata service whose every answer is a new set, and whose sets tell whether their parts belong together.
package io.github.evercreds.proof;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** Counts its sets from 1; secret and token are functions of that number, so a mixed triple shows by itself. */
final class FakeImds implements AutoCloseable {
    private static final String KEY_PREFIX = "ASIA";
    private static final String CREDENTIALS = "/latest/meta-data/iam/security-credentials";

    private final HttpServer server;
    private final ExecutorService threads = Executors.newFixedThreadPool(8);
    private final AtomicLong minted = new AtomicLong();
    private final String role;
    private final long lifeSeconds;
    private volatile boolean silent;

    FakeImds(String role, long lifeSeconds) throws IOException {
        this.role = role;
        this.lifeSeconds = lifeSeconds;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** How many sets it has handed out. */
    long minted() {
        return minted.get();
    }

    /** From now on requests are read and never answered. */
    FakeImds silent() {
        silent = true;
        return this;
    }

    static String key(long number) {
        return KEY_PREFIX + String.format("%016d", number);
    }

    static String secret(long number) {
        return "secret/" + Long.toHexString(number * 0x9E3779B97F4A7C15L);
    }

    static String token(long number) {
        return "token/" + Long.toHexString((number ^ 0x5DEECE66DL) * 0xC2B2AE3D27D4EB4FL);
    }

    /** The number of the set that this key belongs to. */
    static long number(String key) {
        return Long.parseLong(key.substring(KEY_PREFIX.length()));
    }

    private void answer(HttpExchange exchange) throws IOException {
        if (silent) {
            return;     // the connection stays open, without an answer
        }
        String path = exchange.getRequestURI().getPath();
        if (path.equals("/latest/api/token")) {
            exchange.getResponseHeaders().set("X-aws-ec2-metadata-token-ttl-seconds", "21600");
            send(exchange, 200, "token-of-the-service");
        } else if (path.equals(CREDENTIALS + "/" + role)) {
            send(exchange, 200, credentials(minted.incrementAndGet()));
        } else if (path.equals(CREDENTIALS) || path.equals(CREDENTIALS + "/")) {
            send(exchange, 200, role);
        } else {
            send(exchange, 404, "");
        }
    }

    private String credentials(long number) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        return "{\"Code\":\"Success\",\"LastUpdated\":\"" + now + "\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"" + key(number)
                + "\",\"SecretAccessKey\":\"" + secret(number) + "\",\"Token\":\"" + token(number)
                + "\",\"Expiration\":\"" + now.plusSeconds(lifeSeconds) + "\"}";
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Server", "EC2ws");
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
