// What do the figures look like at a glance?
package io.github.evercreds.bench;

import io.github.evercreds.demo.Svg;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleFunction;

/** Three panels of bars: a read, the longest wait, the cold start. */
final class BenchPicture {
    private static final int WIDTH = 980;
    private static final double LABELS = 300;
    private static final double BARS = 560;
    private static final double BAR = 17;
    private static final double STEP = 24;
    private static final String GREEN = "#1a7f37";
    private static final String GREY = "#98a2b3";
    private static final String INK = "#1d2939";
    private static final String SMALL = "font-size=\"11\" fill=\"#667085\"";

    private final Results r;
    private final Svg svg = new Svg(WIDTH);
    private double y = 20;

    BenchPicture(Results results) {
        this.r = results;
    }

    String draw() {
        String title = "AWS credentials for the JVM: what a read, an outage and a start cost";
        y += 12;
        svg.text(20, y, "font-size=\"20\" font-weight=\"bold\" fill=\"" + INK + "\"", title);
        if (!r.reads.isEmpty()) {
            Map<String, Double> bars = new LinkedHashMap<>();
            bars.put("floor (volatile read, clock read)", 1.0);
            bars.put("evercreds, SDK v1", Report.ratio(r, "v1Ours", 1));
            bars.put("evercreds, SDK v2", Report.ratio(r, "v2Ours", 1));
            bars.put("SDK v1's own", Report.ratio(r, "v1Theirs", 1));
            bars.put("SDK v2's own", Report.ratio(r, "v2Theirs", 1));
            bars.put("aws-crt-java", Report.ratio(r, "crt", 1));
            panel("A read of credentials", "processor time, as a multiple of the least possible; one thread", bars, value -> String.format(Locale.ROOT, "%.2f ×", value), 6);
        }
        if (!r.stalls.isEmpty()) {
            Map<String, Double> bars = new LinkedHashMap<>();
            for (Contender contender : Contender.values()) {
                long most = r.stalls.values().stream().mapToLong(phase -> phase.get(contender).max).max().orElse(0);
                long errors = r.stalls.values().stream().mapToLong(phase -> phase.get(contender).errors).sum();
                bars.put(contender.title + (errors == 0 ? "" : String.format(Locale.ROOT, " (%,d failed reads)", errors)), most / 1e9);
            }
            panel("The longest that a caller waited, IMDS hanging twice", "four callers, a read each millisecond, sets of a minute; what the machine itself "
                    + "does to a thread is in it", bars, BenchPicture::wait, 3);
        }
        if (!r.cold.isEmpty()) {
            Map<String, Double> bars = new LinkedHashMap<>();
            r.cold.forEach((contender, cold) -> bars.put(contender.title, Results.median(cold.all)));
            panel("From construction to first credentials in a fresh JVM", "milliseconds, median", bars, value -> String.format(Locale.ROOT, "%.0f ms", value), Double.MAX_VALUE);
        }
        return svg.file((int) y + 24, title);
    }

    private static String wait(double seconds) {
        return seconds < 1 ? String.format(Locale.ROOT, "%.1f ms", seconds * 1000) : String.format(Locale.ROOT, "%.1f s", seconds);
    }

    /** Bars beyond {@code limit} are cut there and say so. */
    private void panel(String title, String unit, Map<String, Double> bars, DoubleFunction<String> words, double limit) {
        y += 40;
        svg.text(20, y, "font-size=\"15\" font-weight=\"bold\" fill=\"" + INK + "\"", title);
        y += 17;
        svg.text(20, y, SMALL, unit);
        y += 10;
        double most = Math.min(limit, bars.values().stream().mapToDouble(d -> d).max().orElse(1));
        for (Map.Entry<String, Double> bar : bars.entrySet()) {
            boolean ours = bar.getKey().startsWith("evercreds");
            boolean cut = bar.getValue() > limit;
            double width = Math.max(2, BARS * Math.min(limit, bar.getValue()) / most);
            svg.text(20 + LABELS - 12, y + 13, "text-anchor=\"end\" fill=\"" + (ours ? GREEN + "\" font-weight=\"bold" : "#344054") + "\"", bar.getKey());
            svg.rect(20 + LABELS, y, width, BAR, "rx=\"2\" fill=\"" + (ours ? GREEN : GREY) + "\"", null);
            if (cut) {
                svg.path(String.format(Locale.ROOT, "M%.1f %.1fl8 -21h6l-8 21z", 20 + LABELS + width - 34, y + BAR + 2), "fill=\"#ffffff\"");
            }
            svg.text(20 + LABELS + width + 8, y + 13, "fill=\"" + INK + "\"", words.apply(bar.getValue()));
            y += STEP;
        }
    }
}
