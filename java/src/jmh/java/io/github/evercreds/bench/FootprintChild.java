// What do many providers, and an idle one, cost a JVM?
package io.github.evercreds.bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;

/** Arguments: contender, address. Commands come in as lines: {@code equal N}, {@code distinct N} (in all), {@code idle SECONDS}, {@code read PERIOD-MS}. */
final class FootprintChild {
    /** The dispatcher ends after ten idle seconds. */
    private static final long SETTLE_MS = 11_500;

    private FootprintChild() { }

    /** See the class. */
    public static void main(String[] args) throws Exception {
        Contender contender = Contender.valueOf(args[0]);
        List<Contender.Reader> held = new ArrayList<>();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("ready now");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            int number = Integer.parseInt(words[1]);
            switch (words[0]) {
                case "equal":
                    long begun = System.nanoTime();
                    open(contender, args[1], held, number, true);
                    say("equal", System.nanoTime() - begun);
                    break;
                case "distinct":
                    long start = System.nanoTime();
                    open(contender, args[1], held, number, false);
                    long took = System.nanoTime() - start;
                    Thread.sleep(contender.ours && number > 1 ? SETTLE_MS : 1000);
                    say("distinct", took);
                    break;
                case "idle":
                    Thread.sleep(SETTLE_MS);
                    long cpu = cpuNanos("");
                    long ours = cpuNanos("evercreds");
                    Thread.sleep(number * 1000L);
                    System.out.println("idle " + (cpuNanos("") - cpu) + " " + (cpuNanos("evercreds") - ours));
                    break;
                default:
                    Thread reading = new Thread(() -> readOnAndOn(held, number));
                    reading.setDaemon(true);
                    reading.start();
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private static void readOnAndOn(List<Contender.Reader> held, int periodMillis) {
        while (true) {
            try {
                held.get(0).read();
                Thread.sleep(periodMillis);
            } catch (Exception failure) {
                System.err.println("a read failed: " + failure);
            }
        }
    }

    private static void open(Contender contender, String imds, List<Contender.Reader> held, int upTo, boolean equal) throws Exception {
        int from = held.size();
        while (held.size() < upTo) {
            held.add(contender.open(imds, equal ? "bench" : "bench-" + held.size()));
        }
        for (int i = from; i < upTo; i++) {
            held.get(i).read();
        }
    }

    private static void say(String word, long tookNanos) throws IOException {
        System.out.println(word + " " + tookNanos + " " + tasks("") + " " + tasks("evercreds") + " " + heapBytes() + " " + rssBytes());
    }

    private static long heapBytes() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return least;
    }

    private static long rssBytes() throws IOException {
        for (String line : Files.readAllLines(Paths.get("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
            }
        }
        throw new IOException("/proc/self/status says no VmRSS");
    }

    private static List<Path> threads(String prefix) throws IOException {
        List<Path> found = new ArrayList<>();
        for (String id : list()) {
            Path task = Paths.get("/proc/self/task", id);
            try {
                if (new String(Files.readAllBytes(task.resolve("comm")), StandardCharsets.UTF_8).startsWith(prefix)) {
                    found.add(task);
                }
            } catch (IOException ended) {
                continue;
            }
        }
        return found;
    }

    private static String[] list() throws IOException {
        String[] ids = new File("/proc/self/task").list();
        if (ids == null) {
            throw new IOException("/proc/self/task cannot be listed: this part needs Linux");
        }
        return ids;
    }

    private static int tasks(String prefix) throws IOException {
        return threads(prefix).size();
    }

    private static long cpuNanos(String prefix) throws IOException {
        long sum = 0;
        for (Path task : threads(prefix)) {
            sum += Long.parseLong(new String(Files.readAllBytes(task.resolve("schedstat")), StandardCharsets.UTF_8).split(" ")[0]);
        }
        return sum;
    }
}
