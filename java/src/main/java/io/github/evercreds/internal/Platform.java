// Which of the native libraries in the jar belongs to this machine.
package io.github.evercreds.internal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Locale;
import java.util.stream.Stream;

/** An operating system, a processor and a C library. */
final class Platform {
    final String os;
    final String arch;
    final boolean musl;

    Platform(String osName, String osArch, boolean musl) {
        String o = osName.toLowerCase(Locale.ROOT);
        String a = osArch.toLowerCase(Locale.ROOT);
        this.os = o.startsWith("windows") ? "windows" : o.startsWith("mac") || o.startsWith("darwin") ? "macos" : o.startsWith("linux") ? "linux"
                : o.replaceAll("[^a-z0-9]", "");
        this.arch = a.equals("amd64") || a.equals("x86_64") ? "x86_64" : a.equals("aarch64") || a.equals("arm64") ? "aarch64" : a.replaceAll("[^a-z0-9_]", "");
        this.musl = musl && os.equals("linux");
    }

    static Platform current() {
        String os = String.valueOf(SystemInputs.property("os.name"));
        return new Platform(os, String.valueOf(SystemInputs.property("os.arch")), os.toLowerCase(Locale.ROOT).startsWith("linux") && runsOnMusl());
    }

    boolean windows() {
        return os.equals("windows");
    }

    String folder() {
        return os + "-" + arch + (musl ? "-musl" : "");
    }

    String library() {
        return windows() ? "evercreds.dll" : os.equals("macos") ? "libevercreds.dylib" : "libevercreds.so";
    }

    String resource() {
        return "META-INF/native/" + folder() + "/" + library();
    }

    /** What this very process has mapped says it best; where that cannot be read, the loader's file does. */
    private static boolean runsOnMusl() {
        try (Stream<String> maps = Files.lines(Paths.get("/proc/self/maps"), java.nio.charset.StandardCharsets.ISO_8859_1)) {
            return maps.anyMatch(line -> line.contains("/ld-musl-") || line.contains("/libc.musl-"));
        } catch (IOException | RuntimeException noProc) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(Paths.get("/lib"), "ld-musl-*")) {
                return found.iterator().hasNext() && !Files.exists(Paths.get("/lib64"));
            } catch (IOException | RuntimeException unknown) {
                return false;
            }
        }
    }
}
