// A JVM of its own that is listened to while it runs, and that starts and works as lightly as can be: times are taken of it.
package io.github.evercreds.proof;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** One child; closing it ends it. */
final class InteractiveJvm implements AutoCloseable {
    /** What announces, on the child's standard output, that it leaves now: this word and its {@code System.nanoTime()}. */
    static final String LEAVING = "leaving ";
    /** No child lives longer; one that hangs is ended, and its reader sees the end of what it prints. */
    private static final long LONGEST_MINUTES = 5;
    private static final Timer ENDS = new Timer("ends of children", true);

    private final Process process;
    private final BufferedReader out;
    private final Path errors;
    private final TimerTask end;

    /**
     * Starts one.
     *
     * @param prefix a command to put before {@code java}
     * @param classPath the entries
     * @param main the class to run
     * @param args its arguments
     */
    InteractiveJvm(List<String> prefix, List<String> classPath, Class<?> main, String... args) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(Arrays.asList(Paths.get(System.getProperty("java.home"), "bin", "java").toString(), "-Xshare:auto", "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC", "-Xmx64m"));
        if (!System.getProperty("java.specification.version").startsWith("1.") && Integer.parseInt(System.getProperty("java.specification.version")) >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");      // without it the JVM warns, with us and not with the twin
        }
        command.addAll(Arrays.asList("-cp", String.join(File.pathSeparator, classPath), main.getName()));
        command.addAll(Arrays.asList(args));
        errors = Files.createTempFile("child", ".err");
        process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        end = new TimerTask() {
            @Override
            public void run() {
                process.destroyForcibly();
            }
        };
        ENDS.schedule(end, TimeUnit.MINUTES.toMillis(LONGEST_MINUTES));
    }

    /** The class path of this JVM, or only what is ours of it: without libraries a child starts quicker. */
    static List<String> classPath(boolean withLibraries) {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> withLibraries ? !entry.contains("junit") : !entry.endsWith(".jar")).collect(Collectors.toList());
    }

    /** The next line that it prints; null at its end. */
    String line() throws IOException {
        return out.readLine();
    }

    /** Reads lines up to this word. */
    String lineWith(String word) throws IOException {
        List<String> seen = new ArrayList<>();
        for (String line = line(); line != null; line = line()) {
            if (line.startsWith(word)) {
                return line.substring(word.length());
            }
            seen.add(line);
        }
        throw new IOException("the child ended before it said \"" + word + "\"; it said " + seen + " and " + errors());
    }

    /** Its exit code, or -1 if it does not end in that time. */
    int exitCode(long seconds) throws InterruptedException {
        return process.waitFor(seconds, TimeUnit.SECONDS) ? process.exitValue() : -1;
    }

    List<String> errors() throws IOException {
        return Files.exists(errors) ? Files.readAllLines(errors) : Collections.emptyList();
    }

    @Override
    public void close() throws IOException {
        end.cancel();
        process.destroyForcibly();
        out.close();
        Files.deleteIfExists(errors);
    }
}
