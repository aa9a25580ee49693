// Counts requests, threads and bytes of many providers, and the processor time of an idle one.
package io.github.evercreds.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Each contender in a JVM of its own whose heap is touched beforehand, so that RSS grows by native memory only. */
final class FootprintPart {
    private static final List<String> FIXED_HEAP = Arrays.asList("-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC");

    private FootprintPart() { }

    static void measure(Simulator simulator, Results results) throws IOException, InterruptedException {
        Simulator.World world = simulator.world(6 * 3600, 300, Contender.all());
        // Started first, so that the idle minute passes beside the rest.
        List<Child> idle = new ArrayList<>();
        int idleSeconds = results.quick ? 30 : 60;
        try {
            for (int providers = 0; providers < 2; providers++) {
                Child child = child(world, Contender.V2_OURS);
                idle.add(child);
                if (providers > 0) {
                    child.tell("equal " + providers);
                    child.await("equal");
                }
                child.tell("idle " + idleSeconds);
            }
            for (Contender contender : Contender.plain()) {
                List<Results.Footprint> equal = new ArrayList<>();
                try (Child child = child(world, contender)) {
                    for (int count : new int[] {1, 1000}) {
                        equal.add(ask(world, contender, child, "equal", count));
                    }
                }
                results.equal.put(contender, equal);
            }
            Bench.say("1,000 equal providers: measured");
            for (Contender contender : Contender.plain()) {
                List<Results.Footprint> distinct = new ArrayList<>();
                try (Child child = child(world, contender)) {
                    for (int count : !contender.ours ? new int[] {1, 1000} : results.quick ? new int[] {1, 1000, 2000} : new int[] {1, 1000, 10_000}) {
                        distinct.add(ask(world, contender, child, "distinct", count));
                    }
                }
                results.distinct.put(contender, distinct);
            }
            Bench.say("distinct providers: measured");
            String[] names = {"the same JVM without a provider", "one provider (evercreds, SDK v2)"};
            for (int i = 0; i < names.length; i++) {
                String[] words = idle.get(i).await("idle").split(" ");
                Results.Idle found = new Results.Idle();
                found.cpuNanos = Long.parseLong(words[0]);
                found.oursNanos = Long.parseLong(words[1]);
                found.seconds = idleSeconds;
                results.idle.put(names[i], found);
            }
        } finally {
            for (Child child : idle) {
                child.close();
            }
        }
        world.close();
    }

    private static Child child(Simulator.World world, Contender contender) throws IOException {
        String imds = world.imds(contender);
        List<String> jvm = new ArrayList<>(contender.jvmArguments(imds));
        jvm.addAll(FIXED_HEAP);
        Child child = new Child(Collections.emptyList(), contender.environment(imds), jvm, FootprintChild.class.getName(), contender.name(), imds);
        child.await("ready");
        return child;
    }

    private static Results.Footprint ask(Simulator.World world, Contender contender, Child child, String what, int count) throws IOException {
        int before = world.requests(contender);
        child.tell(what + " " + count);
        String[] words = child.await(what).split(" ");
        Results.Footprint found = new Results.Footprint();
        found.providers = count;
        found.seconds = Long.parseLong(words[0]) / 1e9;
        found.tasks = Integer.parseInt(words[1]);
        found.ours = Integer.parseInt(words[2]);
        found.heap = Long.parseLong(words[3]);
        found.rss = Long.parseLong(words[4]);
        found.requests = world.requests(contender) - before;
        return found;
    }
}
