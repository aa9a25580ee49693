// Where a proof leaves what it measured: printed, and as JSON under build/proof.
package io.github.evercreds.proof;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** The figures of one proof, in the order in which they came. */
final class Figures {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final Map<String, Object> figures = new LinkedHashMap<>();

    Figures put(String name, Object value) {
        figures.put(name, value instanceof Figures ? ((Figures) value).figures : value);
        return this;
    }

    /** Median, 95th percentile and maximum. */
    static Figures spread(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return new Figures().put("median", rounded(median(values))).put("p95", rounded(sorted[(int) Math.ceil(sorted.length * 0.95) - 1]))
                .put("max", rounded(sorted[sorted.length - 1]));
    }

    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    static double max(double... values) {
        return Arrays.stream(values).max().getAsDouble();
    }

    static double rounded(double value) {
        return Math.round(value * 10) / 10.0;
    }

    /** Prints them and writes {@code build/proof/NAME.json}. */
    void write(String name) throws IOException {
        Path file = Paths.get("build", "proof", name + ".json");
        Files.createDirectories(file.getParent());
        byte[] text = JSON.writeValueAsBytes(figures);
        Files.write(file, text);
        System.out.println(name + ": " + JSON.writeValueAsString(figures));
    }
}
