// On what was measured?
package io.github.evercreds.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;

/** The machine in a few words; unknown where the system does not say. */
final class Machine {
    private Machine() { }

    static String words() {
        return processor() + ", " + Runtime.getRuntime().availableProcessors() + " processors (shared), " + System.getProperty("os.name") + " "
                + System.getProperty("os.version") + ", " + System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version");
    }

    static String load() {
        return first("/proc/loadavg", "").split(" ")[0];
    }

    private static String processor() {
        return first("/proc/cpuinfo", "model name").replaceFirst(".*: *", "");
    }

    private static String first(String file, String start) {
        Path path = Paths.get(file);
        try {
            return Files.readAllLines(path, StandardCharsets.UTF_8).stream().filter(line -> line.startsWith(start)).findFirst().orElse("unknown");
        } catch (IOException unreadable) {
            return "unknown";
        }
    }
}
