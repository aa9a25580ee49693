// What does one see while the demo runs?
package io.github.evercreds.demo;

import java.io.PrintStream;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One line that renews itself on a terminal; elsewhere a line now and then, and at each new chapter. */
final class Progress {
    private static final long PLAIN_EVERY_NS = TimeUnit.SECONDS.toNanos(15);

    private final PrintStream out;
    private final boolean terminal;
    private final Story story;
    private String lastChapter = "";
    private long lastPlain = System.nanoTime();

    Progress(PrintStream out, boolean terminal, Story story) {
        this.out = out;
        this.terminal = terminal;
        this.story = story;
    }

    /**
     * Tells how things stand.
     *
     * @param second where the story is
     */
    void show(double second, List<Call> calls) {
        String chapter = story.chapters().stream().filter(c -> c.from <= second && second < Math.max(c.to, c.from + story.length / 60))
                .map(c -> c.title).findFirst().orElse("all is quiet");
        Map<Contender, Integer> failed = new EnumMap<>(Contender.class);
        for (Call call : calls) {
            for (Contender contender : Contender.values()) {
                if (call.client.equals(contender.id)) {
                    failed.merge(contender, call.ok() ? 0 : 1, Integer::sum);
                }
            }
        }
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%3.0f%%  %-12s %-29s failed:", 100 * second / story.length,
                Table.words(second), chapter));
        failed.forEach((contender, count) -> line.append("  ").append(contender.id).append(' ').append(count));
        if (terminal) {
            out.print("\r" + line + "\u001b[K");
            out.flush();
        } else if (!chapter.equals(lastChapter) || System.nanoTime() - lastPlain > PLAIN_EVERY_NS) {
            out.println(line);
            lastPlain = System.nanoTime();
        }
        lastChapter = chapter;
    }

    /** Leaves the line. */
    void end() {
        if (terminal) {
            out.println();
        }
    }
}
