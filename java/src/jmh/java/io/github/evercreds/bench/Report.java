// How do the figures read, and which goal is met?
package io.github.evercreds.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The document: one chapter for each part, each with its goals. */
final class Report {
    /** Benchmark, what it is. */
    private static final String[][] READS = {
        {"floor", "floor: volatile read and clock read"}, {"v1Ours", "evercreds, SDK v1 `getCredentials`"},
        {"v2Ours", "evercreds, SDK v2 `resolveCredentials`"}, {"v2OursIdentity", "evercreds, SDK v2 `resolveIdentity`"},
        {"v1Theirs", "SDK v1's own `getCredentials`"}, {"v2Theirs", "SDK v2's own `resolveCredentials`"},
        {"v2TheirsIdentity", "SDK v2's own `resolveIdentity`"}, {"crt", "aws-crt-java `getCredentials().get()`"}};

    private final Results r;
    private final StringBuilder out = new StringBuilder();

    Report(Results results) {
        this.r = results;
    }

    String text() {
        line("# What it costs and what it saves, measured");
        line("");
        line("Written by `make bench`, " + (r.quick ? "as a SHORT run, for development only, " : "") + "in one run of " + r.seconds + " s. " + r.machine + ".");
        line(Bench.setting("versions") + ", each with the instance metadata service (IMDS) of `tests/aws-sim` on loopback; aws-crt-java asks it as a");
        line("container endpoint, because its metadata address cannot be changed. All providers have the defaults of their SDK. evercreds is taken from its jar.");
        line("");
        line("![the figures as bars](benchmarks.svg)");
        if (!r.reads.isEmpty()) {
            reads();
        }
        if (!r.stalls.isEmpty()) {
            stalls();
        }
        if (!r.cold.isEmpty()) {
            cold();
        }
        if (!r.equal.isEmpty()) {
            footprint();
        }
        if (!r.hours.isEmpty() || r.hoursTrouble != null) {
            hours();
        }
        return out.toString();
    }

    /** Processor time of a read over that of the floor at as many threads. */
    static double ratio(Results r, String benchmark, int threads) {
        return r.reads.get(benchmark).get(threads).cpuNanos / r.reads.get("floor").get(threads).cpuNanos;
    }

    private void reads() {
        line("");
        line("## 1. A read");
        line("");
        line("JMH, average of warm reads, each contender alone in two JVMs, median of ten iterations. *CPU* is the processor time of the process per read,");
        line("*ratio* that over the floor's at as many threads; bytes are allocated per read.");
        line("");
        line("| | 1 thread: CPU, ratio | 2 threads | 8 threads | bytes |");
        line("|---|---|---|---|---|");
        for (String[] read : READS) {
            Map<Integer, Results.Read> found = r.reads.get(read[0]);
            StringBuilder row = new StringBuilder("| " + read[1]);
            double bytes = 0;
            for (int threads : ReadPart.THREADS) {
                row.append(String.format(Locale.ROOT, " | %.1f ns, %.2f", found.get(threads).cpuNanos, ratio(r, read[0], threads)));
                bytes = Math.max(bytes, found.get(threads).bytes);
            }
            line(row + String.format(Locale.ROOT, " | %.0f |", bytes));
        }
        double worst = 0;
        double bytes = 0;
        double identity = 0;
        for (int threads : ReadPart.THREADS) {
            for (String name : Arrays.asList("v1Ours", "v2Ours")) {
                worst = Math.max(worst, ratio(r, name, threads));
                bytes = Math.max(bytes, r.reads.get(name).get(threads).bytes);
            }
            identity = Math.max(identity, ratio(r, "v2OursIdentity", threads));
        }
        line("");
        goal("a read costs at most 1.3 times the floor", worst <= 1.3, String.format(Locale.ROOT, "worst %.2f", worst),
                "processors that others use meanwhile scatter by a tenth and more, see the load above");
        goal("1.1 times", worst <= 1.1, String.format(Locale.ROOT, "worst %.2f", worst),
                "the provider is one object further away than the floor's field: provider, subscription, cell, state, and the object that is handed out");
        goal("a read allocates nothing", bytes < 0.5, String.format(Locale.ROOT, "%.0f bytes", bytes), "see the table");
        goal("`resolveIdentity` costs at most 1.3 times the floor", identity <= 1.3, String.format(Locale.ROOT, "worst %.2f", identity),
                "SDK v2's interface asks for a `CompletableFuture`");
    }

    private void stalls() {
        line("");
        line("## 2. While IMDS hangs");
        line("");
        line(StallChild.CALLERS + " callers in each JVM, each one read a millisecond; all contenders side by side. Sets live " + StallPart.lifeSeconds(r)
                + " s of real time. The *control* reads only the clock, in the same threads at the same");
        line("moments: what it shows is the machine's doing. *Slow* is over 1 ms, *stalled* over 50 ms. With such short lives SDK v2 has no window in which it");
        line("would refresh ahead (never sooner than five minutes after a fetch), so its asynchronous mode waits like the other; with sets of an hour it does not");
        line("wait within that window, only past it. A set that IMDS leaves without successor is handed out past its end by ours and by SDK v2's own alike.");
        line("aws-crt-java's container source was seen to wait for an answer for over a minute: its callers give up after 10 s here, which is counted as an error.");
        for (Map.Entry<String, Map<Contender, Results.Stalls>> phase : r.stalls.entrySet()) {
            line("");
            line("**" + phase.getKey() + "**");
            line("");
            line("| | reads | errors | slow (control) | stalled | p50 | p99 | p99.99 (control) | max (control) |");
            line("|---|---|---|---|---|---|---|---|---|");
            for (Map.Entry<Contender, Results.Stalls> one : phase.getValue().entrySet()) {
                Results.Stalls s = one.getValue();
                Results.Stalls c = r.controls.get(phase.getKey()).get(one.getKey());
                line("| " + one.getKey().title + " | " + s.reads + " | " + s.errors + (s.errors > 0 ? " (" + s.firstError + ")" : "") + " | " + s.slow + " (" + c.slow
                        + ") | " + s.stalled + " | " + nanos(s.p50) + " | " + nanos(s.p99) + " | " + nanos(s.p9999) + " (" + nanos(c.p9999) + ") | " + nanos(s.max)
                        + " (" + nanos(c.max) + ") |");
            }
        }
        long errors = 0;
        long stalled = 0;
        long slow = 0;
        long controlSlow = 0;
        long tail = 0;
        long controlTail = 0;
        List<String> tails = new ArrayList<>();
        for (String phase : r.stalls.keySet()) {
            for (Contender contender : Arrays.asList(Contender.V1_OURS, Contender.V2_OURS)) {
                Results.Stalls s = r.stalls.get(phase).get(contender);
                Results.Stalls c = r.controls.get(phase).get(contender);
                errors += s.errors;
                stalled += s.stalled;
                slow += s.slow;
                controlSlow += c.slow;
                tail += s.p9999;
                controlTail += c.p9999;
                tails.add(nanos(s.p9999) + " to " + nanos(c.p9999));
            }
        }
        line("");
        goal("no errors", errors == 0, errors + " errors", "see the table");
        goal("no read of ours in the slow path", stalled == 0 && slow <= 2 * controlSlow + 5, "slow " + slow + ", of the control " + controlSlow + "; stalled " + stalled,
                "more reads were slow than the control explains");
        goal("p99.99 not above the control's (all phases together; 1.5 times is taken for noise)", tail <= controlTail * 1.5, "ours to control: " + String.join(", ", tails),
                "a read takes longer than the control, so that what the machine does to a thread hits it more often; the rows of the SDKs' own providers "
                + "while nothing is due show the same; a figure of a few tens of thousands of reads is that of its worst few");
    }

    private void cold() {
        line("");
        line("## 3. Cold start");
        line("");
        line("From construction to credentials in hand in a fresh JVM; " + r.cold.get(Contender.V1_OURS).all.size() + " JVMs each, one contender after the other.");
        line("");
        line("| | median | least | most |");
        line("|---|---|---|---|");
        for (Map.Entry<Contender, Results.Cold> one : r.cold.entrySet()) {
            List<Double> all = one.getValue().all;
            line(String.format(Locale.ROOT, "| %s | %.0f ms | %.0f ms | %.0f ms |", one.getKey().title, Results.median(all),
                    all.stream().mapToDouble(d -> d).min().orElse(0), all.stream().mapToDouble(d -> d).max().orElse(0)));
        }
        line("");
        line("Where ours (SDK v2) spends it: medians of JVMs that log their class loading, which itself takes time; IMDS's part by the journal of the simulator,");
        line("to the millisecond.");
        line("");
        line("| step | |");
        line("|---|---|");
        r.cold.get(Contender.V2_OURS).steps.forEach((step, values) -> line(String.format(Locale.ROOT, "| %s | %.1f ms |", step, Results.median(values))));
        double ours = Results.median(r.cold.get(Contender.V2_OURS).all);
        double theirs = Results.median(r.cold.get(Contender.V2_THEIRS).all);
        line("");
        goal("no slower than SDK v2's own provider", ours <= theirs, String.format(Locale.ROOT, "%.0f to %.0f ms", ours, theirs), "see the steps");
        goal("half of it", ours <= theirs / 2, String.format(Locale.ROOT, "%.2f of it", ours / theirs),
                "most of it is the JVM, interpreted and loading classes, around unpacking the library and finding out where to log; see the steps");
    }

    private void footprint() {
        line("");
        line("## 4. Footprint");
        line("");
        line("**Equal providers.** Each built, then each read once; 6-hour sets. Threads are those of the process (the JVM's own are in the first).");
        line("");
        line("| | requests of 1 | requests of 1,000 | threads with 1 | with 1,000 | seconds for 999 |");
        line("|---|---|---|---|---|---|");
        r.equal.forEach((who, all) -> line(String.format(Locale.ROOT, "| %s | %d | %d | %d | %d | %.2f |", who.title, all.get(0).requests,
                all.get(0).requests + all.get(1).requests, all.get(0).tasks, all.get(1).tasks, all.get(1).seconds)));
        line("");
        line("**Distinct providers**, ours 11.5 s after the last first read, when the dispatcher has ended. Heap after collections; native is the growth of RSS with a heap that was touched");
        line("before, code that is compiled meanwhile included. Per provider: over the step from the row above.");
        line("");
        line("| | providers | requests | threads (evercreds) | heap per provider | native per provider | RSS | seconds |");
        line("|---|---|---|---|---|---|---|---|");
        r.distinct.forEach((who, all) -> {
            for (int i = 1; i < all.size(); i++) {
                Results.Footprint f = all.get(i);
                line(String.format(Locale.ROOT, "| %s | %,d | %,d | %d (%d) | %,d B | %,d B | %.0f MiB | %.1f |", who.title, f.providers, f.requests, f.tasks, f.ours,
                        perProvider(all, i, true), perProvider(all, i, false), f.rss / 1048576.0, f.seconds));
            }
        });
        line("");
        line("**Idle**, one provider, no reads.");
        line("");
        line("| | processor time | of the wall time | of it the threads of evercreds |");
        line("|---|---|---|---|");
        double ours = 0;
        for (Map.Entry<String, Results.Idle> one : r.idle.entrySet()) {
            Results.Idle idle = one.getValue();
            ours = idle.oursNanos / (idle.seconds * 1e7);
            line(String.format(Locale.ROOT, "| %s, %d s | %.1f ms | %.3f %% | %.1f ms, %.4f %% |", one.getKey(), idle.seconds, idle.cpuNanos / 1e6,
                    idle.cpuNanos / (idle.seconds * 1e7), idle.oursNanos / 1e6, ours));
        }
        line("");
        List<Results.Footprint> equal = r.equal.get(Contender.V2_OURS);
        int requests = equal.get(0).requests + equal.get(1).requests;
        goal("1,000 equal providers make 3 requests before the first poll", requests == 3, requests + " requests", "see the table");
        int threads = 0;
        long heap = 0;
        long grown = 0;
        for (Contender contender : Arrays.asList(Contender.V1_OURS, Contender.V2_OURS)) {
            List<Results.Footprint> all = r.distinct.get(contender);
            int last = all.size() - 1;
            threads = Math.max(threads, all.get(last).ours);
            heap = Math.max(heap, perProvider(all, last, true));
            grown = Math.max(grown, perProvider(all, last, false));
        }
        goal("the engine's thread and at most the dispatcher, however many providers", threads <= 2, threads + " threads", "see the table");
        goal("at most 1 KiB of heap per distinct provider", heap <= 1024, heap + " bytes", "each has a set of its own (secret key and session token), a cell with its "
                + "history, and the objects of the SDK");
        goal("at most 4 KiB of native memory per distinct provider", grown <= 4096, grown + " bytes", "each has a set of its own, its configuration, and a task in the engine; above all, a thousand that start at "
                + "once ask at once, and the allocator keeps what that took for the next time: a second thousand takes a fraction of it");
        goal("idle at most 0.05 % of a processor", ours <= 0.05, String.format(Locale.ROOT, "%.4f %%", ours), "see the table");
    }

    private static long perProvider(List<Results.Footprint> all, int i, boolean heap) {
        Results.Footprint a = all.get(i - 1);
        Results.Footprint b = all.get(i);
        return ((heap ? b.heap : b.rss) - (heap ? a.heap : a.rss)) / (b.providers - a.providers);
    }

    private void hours() {
        line("");
        line("**Requests to IMDS in the first hour**, the start included, by clocks that run fast (`tests/time-bend`)" + (r.quick ? ", from 20 minutes of it" : "")
                + ".");
        line("");
        if (r.hoursTrouble != null) {
            line(r.hoursTrouble);
            return;
        }
        line("| | 15-minute sets | 1-hour sets | 6-hour sets |");
        line("|---|---|---|---|");
        for (Contender contender : HoursPart.WHO) {
            StringBuilder row = new StringBuilder("| " + contender.title);
            r.hours.values().forEach(counts -> row.append(" | ").append(counts.get(contender)));
            line(row + " |");
        }
        line("");
        line("Ours asks more often on purpose: a link-local service is nearly free to ask, and what is held is always nearly as new as what is offered.");
    }

    private static String nanos(long n) {
        return n < 10_000 ? n + " ns" : n < 1_000_000 ? n / 1000 + " µs" : n < 1_000_000_000 ? String.format(Locale.ROOT, "%.1f ms", n / 1e6)
                : String.format(Locale.ROOT, "%.1f s", n / 1e9);
    }

    private void goal(String what, boolean met, String figure, String whyNot) {
        line("- " + (met ? "met" : "**not met**") + ": " + what + " (" + figure + ")" + (met ? "" : ": " + whyNot));
    }

    private void line(String text) {
        out.append(text).append('\n');
    }
}
