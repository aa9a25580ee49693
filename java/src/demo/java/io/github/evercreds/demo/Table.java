// How are the figures told in the end?
package io.github.evercreds.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The table that the demo ends with, and what its columns mean. */
final class Table {
    private Table() { }

    static String of(List<Score> scores) {
        List<String[]> rows = new ArrayList<>();
        rows.add(new String[] {"", "", "ExpiredToken", "provider", "other", "time without", "worst wait for", "requests"});
        rows.add(new String[] {"client", "calls", "seen", "threw", "errors", "credentials *", "credentials **", "to IMDS ***"});
        for (Score score : scores) {
            rows.add(new String[] {score.contender.sdk + " " + score.contender.provider,
                Integer.toString(score.calls.size()), Integer.toString(score.expired),
                Integer.toString(score.withoutCredentials), Integer.toString(score.otherErrors), words(score.secondsWithout),
                wait(score.worstWait), Long.toString(score.imdsRequests)});
        }
        int[] widths = new int[rows.get(0).length];
        for (String[] row : rows) {
            Arrays.setAll(widths, i -> Math.max(widths[i], row[i].length()));
        }
        StringBuilder text = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append(String.format(Locale.ROOT, i == 0 ? "%-" + widths[i] + "s" : "   %" + widths[i] + "s", rows.get(r)[i]));
            }
            text.append(line).append('\n');
            if (r == 1) {
                text.append(new String(new char[line.length()]).replace('\0', '-')).append('\n');
            }
        }
        return text.toString();
    }

    static final String FOOTNOTE =
            "* Each call that failed for want of credentials (ExpiredToken, or the provider threw), while IMDS gave live ones or\n"
            + "  had before handed out, to any client, a set that was still alive, counts from its start to the start of the same\n"
            + "  client's next call. All times are the clients' own; what happened before the story began (warm-up) is left out.\n"
            + "** What one call spent inside its provider.   *** Connects that were refused leave no trace there.\n"
            + "SDK v2's own provider draws the moment of its next refresh at random, so its figures differ from run to run.\n";

    /** What a fast clock does to small durations. */
    static String onSpeed(double rate) {
        return String.format(Locale.ROOT, "The clients' clock ran up to %.0f times fast: a thread that this machine holds up for "
                + "10 ms seems to lose %.1f s.\n", rate, rate / 100);
    }

    /** A short duration for people. */
    static String wait(double seconds) {
        return String.format(Locale.ROOT, seconds < 1 ? "%.0f ms" : "%.1f s", seconds < 1 ? seconds * 1000 : seconds);
    }

    /** A duration for people: "3 min 5 s". */
    static String words(double seconds) {
        Duration duration = Duration.ofSeconds(Math.round(seconds));
        long minutes = duration.toMinutes();
        long rest = duration.getSeconds() % 60;
        return minutes == 0 ? rest + " s" : minutes < 60 ? minutes + " min " + rest + " s" : minutes / 60 + " h " + minutes % 60 + " min";
    }
}
