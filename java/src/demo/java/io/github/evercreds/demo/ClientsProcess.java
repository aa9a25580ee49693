// How is the clients' JVM started, listened to and ended?
package io.github.evercreds.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The JVM that {@link DemoClients} runs in, and the calls it tells of. */
final class ClientsProcess implements AutoCloseable {
    private static final long WARM_UP_LIMIT_S = 60;
    private static final long END_LIMIT_S = 5;

    private final Process process;
    private final Path log;
    private final Thread listener;
    private final CountDownLatch ready = new CountDownLatch(1);
    private final List<Call> calls = new ArrayList<>();

    ClientsProcess(ClientsClock clock, Simulator simulator, Story story, Path log) throws IOException {
        this.log = log;
        List<String> command = new ArrayList<>(Arrays.asList(
                Paths.get(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx384m",
                "-Djava.util.logging.SimpleFormatter.format=%1$tT %4$s %3$s: %5$s%6$s%n",
                "-cp", System.getProperty("java.class.path"), DemoClients.class.getName(),
                Long.toString((long) (story.callEvery * 1000)), Integer.toString(story.warmUpCalls), simulator.sqs(), simulator.queue()));
        for (Contender contender : Contender.values()) {
            command.add(contender.id + "=" + simulator.imds(contender));
        }
        ProcessBuilder builder = new ProcessBuilder(clock.living(command)).redirectError(log.toFile());
        // What this machine itself knows of AWS is none of the demo's business.
        builder.environment().keySet().removeIf(name -> name.startsWith("AWS_") || name.startsWith("EVERCREDS_"));
        process = builder.start();
        listener = new Thread(this::listen, "demo-calls");
        listener.setDaemon(true);
        listener.start();
    }

    private void listen() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Call call = Call.fromLine(line);
                if (call != null) {
                    synchronized (calls) {
                        calls.add(call);
                    }
                } else if (line.equals(DemoClients.READY)) {
                    ready.countDown();
                }
            }
        } catch (IOException closed) {
            // The process has ended, and its pipe with it.
        }
    }

    /** Waits until each client has made its first calls. */
    void awaitWarm() throws IOException, InterruptedException {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(WARM_UP_LIMIT_S);
        while (!ready.await(200, TimeUnit.MILLISECONDS)) {
            if (!process.isAlive() || System.nanoTime() > limit) {
                throw new IOException("the clients are not ready" + (process.isAlive() ? " after " + WARM_UP_LIMIT_S + " s"
                        : ": their JVM ended with " + process.exitValue()) + "; what they said: " + log);
            }
        }
    }

    /** All calls so far, in the order in which they ended. */
    List<Call> calls() {
        synchronized (calls) {
            return new ArrayList<>(calls);
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Ends the clients as their standard input ends; kills them if that does not do. */
    @Override
    public void close() throws IOException {
        try {
            process.getOutputStream().close();
            process.waitFor(END_LIMIT_S, TimeUnit.SECONDS);
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroyForcibly();
        }
        try {
            listener.join(TimeUnit.SECONDS.toMillis(END_LIMIT_S));
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }
}
