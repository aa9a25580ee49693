// The driver: starts the simulated AWS and the clients, lets the story happen, and tells what came of it.
package io.github.evercreds.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * {@code make demo}. Exit code 0 if the clients with our providers saw no ExpiredToken and never lacked credentials while
 * some were to be had, and no secret is in what the demo leaves behind; 1 if not; 2 if it could not run.
 */
final class Demo {
    private static final long STEP_MS = 20;
    private static final long SHOW_EVERY_MS = 250;
    /** Above any story: three minutes, and time to be slow in. */
    private static final long LIMIT_MIN = 15;

    private final Options options;
    private final PrintStream out;
    private final StringBuilder said = new StringBuilder();

    private Demo(Options options, PrintStream out) {
        this.options = options;
        this.out = out;
    }

    /**
     * Runs the demo.
     *
     * @param args see {@link Options#USAGE}
     */
    public static void main(String[] args) {
        endInAnyCase();
        int code;
        try {
            code = new Demo(Options.of(args), System.out).run() ? 0 : 1;
        } catch (IOException | RuntimeException failure) {
            System.err.println("The demo could not run: " + failure.getMessage());
            code = 2;
        } catch (InterruptedException end) {
            code = 2;
        }
        System.exit(code);
    }

    /** Whatever hangs: the simulator and the clients end with this JVM, as it holds their standard inputs. */
    private static void endInAnyCase() {
        Thread watchdog = new Thread(() -> {
            try {
                TimeUnit.MINUTES.sleep(LIMIT_MIN);
                System.err.println("The demo is not done after " + LIMIT_MIN + " minutes and ends here.");
            } catch (InterruptedException end) {
                // ends all the same
            }
            Runtime.getRuntime().halt(2);
        }, "demo-watchdog");
        watchdog.setDaemon(true);
        watchdog.start();
    }

    private boolean run() throws IOException, InterruptedException {
        Files.createDirectories(options.out);
        ClientsClock clock = clock();
        Story story = clock.bends() ? Story.ofRealLifetimes() : Story.ofShortLifetimes();
        say("Four SQS clients, one call each every " + story.callEvery + " s; sets of credentials live " + story.lives + "; "
                + Table.words(story.length) + (clock.bends() ? " of the clients' time, which runs fast." : ", in real time."));
        if (!clock.bends()) {
            say("Nothing in AWS lives that briefly, and the SDKs' own providers are not made for it: their figures suffer from that.");
        }
        try (Simulator simulator = new Simulator(options.simulator, clock, options.out.resolve("simulator.log"), story)) {
            List<Call> calls;
            long start;
            long end;
            long realStart = System.nanoTime();
            try (ClientsProcess clients = new ClientsProcess(clock, simulator, story, options.out.resolve("clients.log"))) {
                clients.awaitWarm();
                start = clock.now();
                simulator.play(story);
                tell(story, clock, start, clients);
                clock.rate(1);
                end = clock.now();
                calls = clients.calls();
            }
            return conclude(simulator, story, clock, calls, start, end, realStart);
        }
    }

    /** A bent clock if this machine allows it, else the real one, and why. */
    private ClientsClock clock() throws IOException, InterruptedException {
        if (options.realTime) {
            return ClientsClock.real();
        }
        try {
            Path control = options.out.toAbsolutePath().resolve("clock.bend");
            Files.deleteIfExists(control);
            return ClientsClock.bent(options.timeBend.toAbsolutePath(), control,
                    Paths.get(System.getProperty("java.home"), "bin", "java").toString(), "-version");
        } catch (IOException cannot) {
            say("Clocks cannot be bent here (" + cannot.getMessage() + "), so this runs in real time, with short lifetimes.");
            return ClientsClock.real();
        }
    }

    /** Lets the story happen: the simulator plays the faults by its own clock; here the pace is set and watched. */
    private void tell(Story story, ClientsClock clock, long start, ClientsProcess clients) throws IOException, InterruptedException {
        Progress progress = new Progress(out, System.console() != null, story);
        List<Story.Pace> paces = new ArrayList<>(story.paces());
        long shown = 0;
        for (;;) {
            double second = (clock.now() - start) / 1000.0;
            if (!paces.isEmpty() && second >= paces.get(0).at) {
                clock.rate(Math.max(1, paces.remove(0).rate * options.speed));
            }
            if (second >= story.length) {
                progress.show(story.length, since(start, clients.calls()));
                progress.end();
                return;
            }
            if (!clients.isAlive()) {
                throw new IOException("the clients died; what they said: " + options.out.resolve("clients.log"));
            }
            if (System.nanoTime() - shown > TimeUnit.MILLISECONDS.toNanos(SHOW_EVERY_MS)) {
                progress.show(second, since(start, clients.calls()));
                shown = System.nanoTime();
            }
            Thread.sleep(STEP_MS);
        }
    }

    private static List<Call> since(long start, List<Call> calls) {
        return calls.stream().filter(call -> call.start >= start).collect(Collectors.toList());
    }

    private boolean conclude(Simulator simulator, Story story, ClientsClock clock, List<Call> calls, long start, long end, long realStart)
            throws IOException {
        Truth truth = new Truth(simulator.truth(), story, start);
        Journal journal = new Journal(simulator.journal());
        List<Score> scores = new ArrayList<>();
        for (Contender contender : Contender.values()) {
            Score score = new Score(contender, calls, truth, story, start, end);
            score.imdsRequests = journal.requests(contender, start, end).size();
            scores.add(score);
        }
        say("");
        say(Table.of(scores) + Table.FOOTNOTE + (clock.bends() ? Table.onSpeed(fastest(story)) : ""));
        Path picture = options.out.resolve("demo.svg");
        Files.write(picture, new Picture(story, truth, scores, journal, start, clock.bends()).draw().getBytes(StandardCharsets.UTF_8));
        Files.write(options.out.resolve("calls.log"),
                calls.stream().map(Call::toLine).collect(Collectors.toList()), StandardCharsets.UTF_8);
        say("The picture: " + picture + "   (" + Table.words((System.nanoTime() - realStart) / 1e9) + " of real time)");

        boolean clean = scores.stream().filter(score -> score.contender.ours).allMatch(Score::clean);
        say(clean ? "evercreds kept its promise: no ExpiredToken, and never without credentials while some were to be had."
                : "evercreds BROKE its promise: see its rows above, " + options.out.resolve("calls.log") + " and clients.log.");
        Files.write(options.out.resolve("table.txt"), said.toString().getBytes(StandardCharsets.UTF_8));
        List<Path> guilty = SecretSearch.filesWithSecrets(options.out, simulator.secrets());
        say(guilty.isEmpty() ? "No secret of the simulator is in this output, the picture or any log."
                : "SECRETS of the simulator are in: " + guilty);
        return clean && guilty.isEmpty();
    }

    private double fastest(Story story) {
        return options.speed * story.paces().stream().mapToDouble(pace -> pace.rate).max().orElse(1);
    }

    private void say(String text) {
        out.println(text);
        said.append(text).append('\n');
    }
}
