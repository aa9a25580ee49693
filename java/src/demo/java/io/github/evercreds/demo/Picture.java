// What does the run look like at a glance?
package io.github.evercreds.demo;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** A timeline: what IMDS offers on top, a lane for each client below, trouble as shaded bands through all. */
final class Picture {
    private static final int WIDTH = 1280;
    private static final double LEFT = 196;
    private static final double RIGHT = 1020;
    private static final double BANDS_TOP = 74;
    private static final double OFFER_TOP = 140;
    private static final double LANES_TOP = 206;
    private static final double LANE = 78;
    private static final double STRIP = 30;
    private static final String[] HUES = {"#8db8e2", "#82c9a0", "#bda7de", "#e3bf7a", "#86c8c8", "#d9a5bd"};
    private static final String RED = "#d7191c";
    private static final String GREEN = "#1a7f37";
    private static final String GREY = "#667085";
    private static final double LETTER = 6.6;
    private static final long WAIT_WORTH_SHOWING_MS = 1000;
    private static final String SMALL = "font-size=\"11\" fill=\"" + GREY + "\"";

    private final Story story;
    private final Truth truth;
    private final List<Score> scores;
    private final Journal journal;
    private final long start;
    private final boolean bent;
    private final Svg svg = new Svg(WIDTH);
    private final Map<String, String> hueOf = new HashMap<>();

    Picture(Story story, Truth truth, List<Score> scores, Journal journal, long start, boolean bent) {
        this.story = story;
        this.truth = truth;
        this.scores = scores;
        this.journal = journal;
        this.start = start;
        this.bent = bent;
    }

    /** The SVG file. */
    String draw() {
        double bottom = LANES_TOP + scores.size() * LANE;
        String title = "Do SQS calls fail when the metadata service (IMDS) is in trouble?";
        svg.text(20, 32, "font-size=\"20\" font-weight=\"bold\" fill=\"#1d2939\"", title);
        svg.text(20, 53, "fill=\"" + GREY + "\"", String.format(Locale.ROOT, "Four real SDK clients, each calling every %s s, the same "
                + "trouble for all. Temporary credentials live %s, so each client must fetch new ones again and again.%s", number(story.callEvery), story.lives,
                bent ? "" : " (Real time, short lifetimes.)"));
        bands(bottom);
        offers();
        for (int i = 0; i < scores.size(); i++) {
            lane(scores.get(i), LANES_TOP + i * LANE);
        }
        axis(bottom);
        legend(bottom + 50);
        return svg.file((int) bottom + 76, title);
    }

    private double x(long moment) {
        return xOf((moment - start) / 1000.0);
    }

    private double xOf(double second) {
        return LEFT + (RIGHT - LEFT) * Math.max(0, Math.min(1, second / story.length));
    }

    private void bands(double bottom) {
        double[] rowEnds = new double[3];
        for (Story.Chapter chapter : story.chapters()) {
            double from = xOf(chapter.from);
            double to = xOf(chapter.to);
            double halfLabel = chapter.title.length() * LETTER / 2;
            double labelX = Math.max(LEFT + halfLabel, (from + to) / 2);
            int row = 0;
            while (row < rowEnds.length - 1 && labelX - halfLabel < rowEnds[row]) {
                row++;
            }
            rowEnds[row] = labelX + halfLabel + LETTER;
            double labelY = BANDS_TOP + 14 + 17 * row;
            double top = labelY + 5;
            if (chapter.to > chapter.from) {
                svg.rect(from, top, to - from, bottom - top, "fill=\"#f3d9c4\" fill-opacity=\"0.55\"", chapter.title);
            } else {
                svg.line(from, top, from, bottom, "stroke=\"#b54708\" stroke-width=\"1.5\" stroke-dasharray=\"4 3\"");
            }
            svg.text(labelX, labelY, "text-anchor=\"middle\" font-size=\"12\" fill=\"#93370d\"", chapter.title);
        }
    }

    private void offers() {
        svg.text(20, OFFER_TOP + 17, "font-weight=\"bold\" fill=\"#1d2939\"", "IMDS");
        svg.text(20, OFFER_TOP + 33, SMALL, "each bar: one set, to its expiry");
        int count = 0;
        for (Truth.CredentialSet set : truth.sets()) {
            if (set.expiration <= start || set.mintedAt > start + story.length * 1000 || set.expiration <= set.servedFrom) {
                continue;
            }
            String hue = HUES[count % HUES.length];
            hueOf.put(set.accessKeyId, hue);
            double from = x(set.mintedAt);
            svg.rect(from, OFFER_TOP + 16 * (count % 3), x(set.expiration) - from, 12, "rx=\"2\" fill=\"" + hue + "\"", "role " + set.role);
            count++;
        }
    }

    private void lane(Score score, double top) {
        double middle = top + 10 + STRIP / 2;
        svg.line(20, top, WIDTH - 20, top, "stroke=\"#e4e7ec\"");
        svg.text(20, middle, "font-weight=\"bold\" font-size=\"14\" fill=\"#1d2939\"", score.contender.sdk);
        svg.text(20, middle + 17, score.contender.ours ? "fill=\"" + GREEN + "\" font-weight=\"bold\"" : "fill=\"#344054\"",
                score.contender.provider);
        strip(score.calls, top + 10);
        asks(score, top + 10 + STRIP + 4);
        int failed = score.expired + score.withoutCredentials + score.otherErrors;
        svg.text(RIGHT + 18, middle, "font-size=\"17\" font-weight=\"bold\" fill=\"" + (failed == 0 ? GREEN : RED) + "\"",
                failed == 0 ? "no failed call" : failed + " failed calls");
        svg.text(RIGHT + 18, middle + 17, "font-size=\"12\" fill=\"#344054\"", score.secondsWithout == 0 ? "never without credentials"
                : Table.words(score.secondsWithout) + " without credentials");
        svg.text(RIGHT + 18, middle + 32, SMALL, "worst wait " + Table.wait(score.worstWait) + " · " + score.imdsRequests + " requests to IMDS");
    }

    /** Stretches of successful calls in the colour of the set that they were signed with; waits and failures on top. */
    private void strip(List<Call> calls, double top) {
        svg.rect(LEFT, top, RIGHT - LEFT, STRIP, "fill=\"#f2f4f7\"", null);
        for (int i = 0; i < calls.size();) {
            Call first = calls.get(i);
            int j = i;
            while (j < calls.size() && calls.get(j).ok() == first.ok() && Objects.equals(calls.get(j).accessKeyId, first.accessKeyId)) {
                j++;
            }
            long until = j < calls.size() ? calls.get(j).start : Math.max(first.end, start + (long) (story.length * 1000));
            if (first.ok()) {
                String hue = hueOf.getOrDefault(first.accessKeyId, HUES[0]);
                svg.rect(x(first.start), top, x(until) - x(first.start), STRIP, "fill=\"" + hue + "\"", null);
            }
            i = j;
        }
        for (Call call : calls) {
            if (call.ok() && call.waited > WAIT_WORTH_SHOWING_MS) {
                svg.rect(x(call.start), top + STRIP - 8, Math.max(1.5, x(call.end) - x(call.start)), 8, "fill=\"#475467\"",
                        "waited " + call.waited / 1000 + " s for credentials");
            }
        }
        for (int i = 0; i < calls.size();) {
            Call first = calls.get(i);
            int j = i;
            while (j < calls.size() && !calls.get(j).ok()) {
                j++;
            }
            if (j > i) {
                double from = x(first.start);
                double to = j < calls.size() ? x(calls.get(j).start) : x(calls.get(j - 1).end);
                svg.rect(from, top - 3, Math.max(3, to - from), STRIP + 6, "fill=\"" + RED + "\"",
                        (j - i) + " failed calls, first: " + first.outcome);
            }
            i = Math.max(j, i + 1);
        }
    }

    private void asks(Score score, double top) {
        StringBuilder d = new StringBuilder();
        long last = 0;
        for (long moment : journal.requests(score.contender, start, start + (long) (story.length * 1000))) {
            if (moment - last > story.length * 1000 / (RIGHT - LEFT)) {
                d.append(String.format(Locale.ROOT, "M%.1f %.1fv7", x(moment), top));
                last = moment;
            }
        }
        svg.path(d.toString(), "stroke=\"#98a2b3\" stroke-width=\"1\" fill=\"none\"");
    }

    private void axis(double y) {
        svg.line(LEFT, y, RIGHT, y, "stroke=\"#98a2b3\"");
        double unit = story.length > 1800 ? 60 : 1;
        double step = story.length > 1800 ? 20 : 15;
        for (double at = 0; at * unit <= story.length; at += step) {
            svg.line(xOf(at * unit), y, xOf(at * unit), y + 5, "stroke=\"#98a2b3\"");
            svg.text(xOf(at * unit), y + 18, "text-anchor=\"middle\" " + SMALL, number(at) + (unit == 60 ? " min" : " s"));
        }
    }

    private void legend(double y) {
        double x = LEFT;
        svg.rect(x, y - 10, 8, 12, "fill=\"" + HUES[0] + "\"", null).rect(x + 8, y - 10, 8, 12, "fill=\"" + HUES[1] + "\"", null);
        svg.text(x + 22, y, SMALL, "calls succeed (colour: the set in use)");
        svg.rect(x + 238, y - 11, 6, 14, "fill=\"" + RED + "\"", null).text(x + 250, y, SMALL, "calls fail");
        svg.rect(x + 318, y - 8, 12, 8, "fill=\"#475467\"", null).text(x + 336, y, SMALL, "calls wait for credentials (over 1 s)");
        svg.path(String.format(Locale.ROOT, "M%.1f %.1fv7m3 -7v7m3 -7v7", x + 545, y - 8), "stroke=\"#98a2b3\" fill=\"none\"");
        svg.text(x + 558, y, SMALL, "asks IMDS");
        svg.rect(x + 632, y - 10, 14, 12, "fill=\"#f3d9c4\"", null).text(x + 652, y, SMALL, "trouble at IMDS");
    }

    private static String number(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }
}
