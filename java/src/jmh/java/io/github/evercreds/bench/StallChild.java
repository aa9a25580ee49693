// How long does each read take while the metadata service is in trouble? One contender, four callers.
package io.github.evercreds.bench;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Arguments: contender, address. Says {@code ready}; each line that comes in is a phase that begins, {@code end} the last;
 * then {@code read PHASE READS ERRORS SLOW STALLED P50 P99 P9999 MAX FIRST-ERROR} (nanoseconds) and {@code control} likewise.
 */
final class StallChild {
    static final int CALLERS = 4;
    /** What no read that finds its credentials takes, but for the machine: the control shows what the machine does. */
    private static final long SLOW_NANOS = 1_000_000;
    private static final long STALLED_NANOS = 50_000_000;
    private static final long PERIOD_NANOS = 1_000_000;
    private static final long WARM_UP_NANOS = 1_000_000_000L;
    private static final long LAST_READS_NANOS = 3_000_000_000L;

    /** In the order in which they came; the first is what happens before the first line. */
    private static final Set<String> PHASES = Collections.synchronizedSet(new LinkedHashSet<>(Collections.singleton("")));
    private static volatile String phase = "";

    private static volatile Object held = new Object();
    /** The control: a volatile read and a look at the clock, timed by the same code as a read. */
    private static final Contender.Reader CLOCK = () -> System.currentTimeMillis() > 0 ? held : null;

    private StallChild() { }

    private static final class Samples {
        private long[] nanos = new long[1 << 14];
        private int count;
        private final Map<String, Integer> errors = new ConcurrentHashMap<>();

        synchronized void add(long value) {
            if (count == nanos.length) {
                nanos = java.util.Arrays.copyOf(nanos, 2 * count);
            }
            nanos[count++] = value;
        }
    }

    private static final class Caller extends Thread {
        final Map<String, Samples> reads = new ConcurrentHashMap<>();
        final Map<String, Samples> controls = new ConcurrentHashMap<>();
        private final Contender.Reader reader;
        private volatile long readBegun;
        private volatile Samples waiting;
        private final AtomicInteger sink = new AtomicInteger();

        Caller(Contender.Reader reader) {
            this.reader = reader;
        }

        /** The control stands in the same thread at the same moment, alternately before and after: whatever hits one hits the other as often. */
        @Override
        public void run() {
            long next = System.nanoTime();
            int tick = 0;
            for (String now = phase; !now.equals("end"); now = phase) {
                tick++;
                Samples read = reads.computeIfAbsent(now, any -> new Samples());
                Samples control = controls.computeIfAbsent(now, any -> new Samples());
                if (tick % 2 == 0) {
                    time(CLOCK, control);
                }
                time(reader, read);
                if (tick % 2 != 0) {
                    time(CLOCK, control);
                }
                next = Math.max(next + PERIOD_NANOS, System.nanoTime() - PERIOD_NANOS);
                LockSupport.parkNanos(next - System.nanoTime());
            }
        }

        /** A read that has not ended is told by how long it has taken so far. */
        void countWhatStillWaits() {
            Samples read = waiting;
            if (isAlive() && read != null) {
                read.add(System.nanoTime() - readBegun);
            }
        }

        private void time(Contender.Reader what, Samples read) {
            long begun = System.nanoTime();
            readBegun = begun;
            waiting = read;
            try {
                sink.lazySet(what.read() == null ? 1 : 0);
            } catch (Exception failure) {
                Throwable cause = failure.getCause() != null ? failure.getCause() : failure;
                read.errors.merge(cause.getClass().getSimpleName(), 1, Integer::sum);
            }
            read.add(System.nanoTime() - begun);
            waiting = null;
        }
    }

    /** See the class. */
    public static void main(String[] args) throws Exception {
        Contender.Reader reader = Contender.valueOf(args[0]).open(args[1], "bench");
        for (long until = System.nanoTime() + WARM_UP_NANOS; System.nanoTime() < until;) {
            reader.read();
            CLOCK.read();
        }
        List<Caller> callers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            Caller caller = new Caller(reader);
            caller.setDaemon(true);
            caller.start();
            callers.add(caller);
        }
        System.out.println("ready now");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null && !line.equals("end"); line = in.readLine()) {
            PHASES.add(line);
            phase = line;
        }
        phase = "end";
        long last = System.nanoTime() + LAST_READS_NANOS;
        for (Caller caller : callers) {
            caller.join(Math.max(1, (last - System.nanoTime()) / 1_000_000));
            caller.countWhatStillWaits();
        }
        report("read", callers, true);
        report("control", callers, false);
        System.out.println("done now");
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void report(String word, List<Caller> callers, boolean reads) {
        for (String name : PHASES) {        // a caller that is kept waiting can miss a phase
            int length = 0;
            Map<String, Integer> errors = new TreeMap<>();
            List<Samples> parts = new ArrayList<>();
            for (Caller caller : callers) {
                Samples part = (reads ? caller.reads : caller.controls).get(name);
                if (part != null) {
                    parts.add(part);
                    length += part.count;
                    part.errors.forEach((what, count) -> errors.merge(what, count, Integer::sum));
                }
            }
            long[] all = new long[length];
            int at = 0;
            for (Samples part : parts) {
                System.arraycopy(part.nanos, 0, all, at, part.count);
                at += part.count;
            }
            java.util.Arrays.sort(all);
            long slow = java.util.Arrays.stream(all).filter(n -> n > SLOW_NANOS).count();
            long stalled = java.util.Arrays.stream(all).filter(n -> n > STALLED_NANOS).count();
            int failed = errors.values().stream().mapToInt(Integer::intValue).sum();
            System.out.println(word + " " + (name.isEmpty() ? "-" : name) + " " + length + " " + failed + " " + slow + " " + stalled + " " + at(all, 0.5)
                    + " " + at(all, 0.99) + " " + at(all, 0.9999) + " " + at(all, 1) + " " + (errors.isEmpty() ? "-" : errors.keySet().iterator().next()));
        }
    }

    private static long at(long[] sorted, double quantile) {
        return sorted.length == 0 ? 0 : sorted[(int) Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))];
    }
}
