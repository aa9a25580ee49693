// The JVM of the clients: makes them, warms them up, and lets each call SQS by the same timetable until told to stop.
package io.github.evercreds.demo;

import com.amazonaws.auth.InstanceProfileCredentialsProvider;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * All four clients in one JVM: each pause, each busy processor and each garbage collection hits all of them alike, and
 * four JVMs on two cores would disturb each other at random.
 *
 * <p>Standard output carries {@link Call} lines and {@link #READY}; logs go to standard error. Ends when standard input
 * does.
 */
final class DemoClients {
    static final String REGION = "us-east-1";
    static final Duration HTTP_TIMEOUT = Duration.ofMinutes(10);
    /** The line that says: every client has made its first calls. */
    static final String READY = "ready";
    /** SDK v1's own provider can be told its endpoint by this property only. */
    static final String V1_ENDPOINT_PROPERTY = "com.amazonaws.sdk.ec2MetadataServiceEndpointOverride";

    private final PrintStream out;
    private final long everyMillis;
    private volatile boolean stopped;

    private DemoClients(PrintStream out, long everyMillis) {
        this.out = out;
        this.everyMillis = everyMillis;
    }

    /**
     * The clients' JVM.
     *
     * @param args milliseconds between the calls of a client, warm-up calls, SQS's address, the queue's address, then
     *             {@code id=imdsAddress} for each client
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        PrintStream out = System.out;
        System.setOut(System.err);    // nobody else's words among the calls
        DemoClients demo = new DemoClients(out, Long.parseLong(args[0]));
        Map<Contender, Caller> callers = new EnumMap<>(Contender.class);
        for (int i = 4; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            for (Contender contender : Contender.values()) {
                if (contender.id.equals(pair[0])) {
                    callers.put(contender, caller(contender, pair[1], args[2], args[3]));
                }
            }
        }
        demo.run(callers, Integer.parseInt(args[1]));
    }

    private static Caller caller(Contender contender, String imds, String sqs, String queue) {
        switch (contender) {
            case V1_OWN:
                System.setProperty(V1_ENDPOINT_PROPERTY, imds);
                return new V1Caller(InstanceProfileCredentialsProvider.getInstance(), sqs, queue);
            case V2_OWN:
                return new V2Caller(software.amazon.awssdk.auth.credentials.InstanceProfileCredentialsProvider.builder()
                        .endpoint(imds).build(), sqs, queue);
            case V1_OURS:
                return new V1Caller(io.github.evercreds.v1.EvercredsCredentialsProvider.builder()
                        .instanceProfile().endpoint(URI.create(imds)).label(contender.id).build(), sqs, queue);
            case V2_OURS:
                return new V2Caller(io.github.evercreds.v2.EvercredsCredentialsProvider.builder()
                        .instanceProfile().endpoint(URI.create(imds)).label(contender.id).build(), sqs, queue);
            default:
                throw new IllegalArgumentException("no client is known as " + contender);
        }
    }

    private void run(Map<Contender, Caller> callers, int warmUpCalls) throws IOException, InterruptedException {
        CountDownLatch warm = new CountDownLatch(callers.size());
        List<Thread> threads = new ArrayList<>();
        callers.forEach((contender, caller) -> {
            Thread thread = new Thread(() -> {
                for (int i = 0; i < warmUpCalls; i++) {
                    record(contender, caller);
                }
                warm.countDown();
                callSteadily(contender, caller);
            }, contender.id);
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        });
        warm.await();
        say(READY);
        while (System.in.read() >= 0) {
            // whoever started us holds the other end
        }
        stopped = true;
        callers.forEach((contender, caller) -> System.err.println(contender.id + " ended as " + caller.status()));
    }

    /** By the wall clock's timetable, the same moments for all; a call that takes longer than the gap costs its turns. */
    private void callSteadily(Contender contender, Caller caller) {
        while (!stopped) {
            long now = System.currentTimeMillis();
            try {
                Thread.sleep(everyMillis - now % everyMillis);
            } catch (InterruptedException end) {
                return;
            }
            record(contender, caller);
        }
    }

    private void record(Contender contender, Caller caller) {
        Meter meter = caller.meter();
        meter.begin();
        long start = System.currentTimeMillis();
        String outcome = caller.call();
        long end = System.currentTimeMillis();
        boolean withoutCredentials = meter.wasRefused() && !outcome.equals(Caller.OK);
        say(new Call(contender.id, start, end, meter.waitedMillis(), withoutCredentials ? Call.NO_CREDENTIALS : outcome,
                meter.accessKeyId()).toLine());
    }

    private void say(String line) {
        out.println(line);
        out.flush();
    }
}
