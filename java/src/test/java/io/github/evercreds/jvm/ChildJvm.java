// A JVM of its own for what cannot be tried in this one: how it ends, and what it is started with.
package io.github.evercreds.jvm;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Starts a class of the test class path under the JDK of this JVM and {@code -Xcheck:jni}, and sees how it ends. */
final class ChildJvm {
    private static final List<String> COMPLAINTS = Arrays.asList("WARNING in native method", "FATAL ERROR in native method", "WARNING: JNI", "JNI call made",
            "A fatal error has been detected", "has been loaded twice");

    private int limitSeconds = 60;
    private final Class<?> main;
    private final List<String> arguments;
    private final List<String> before = new ArrayList<>();
    private final List<String> options = new ArrayList<>();
    private final Map<String, String> environment = new HashMap<>();
    private String classPath = System.getProperty("java.class.path");

    ChildJvm(Class<?> main, String... arguments) {
        this.main = main;
        this.arguments = Arrays.asList(arguments);
    }

    /** A JVM system property. */
    ChildJvm property(String name, Object value) {
        options.add("-D" + name + "=" + value);
        return this;
    }

    /** How long it may take, where a minute is too little. */
    ChildJvm limit(int seconds) {
        limitSeconds = seconds;
        return this;
    }

    ChildJvm variable(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** Leaves entries out of the class path that contain that text, and puts others in front. */
    ChildJvm classPath(String without, Path... first) {
        List<String> entries = Arrays.stream(first).map(Path::toString).collect(Collectors.toList());
        Arrays.stream(classPath.split(File.pathSeparator)).filter(entry -> !entry.contains(without)).forEach(entries::add);
        classPath = String.join(File.pathSeparator, entries);
        return this;
    }

    /** Runs the JVM by this command, which gets its command line as arguments. */
    ChildJvm under(String... command) {
        before.addAll(Arrays.asList(command));
        return this;
    }

    /** How it ended. */
    static final class Ended {
        final int exitCode;
        final String output;
        final long endedMillis;

        Ended(int exitCode, String output, long endedMillis) {
            this.exitCode = exitCode;
            this.output = output;
            this.endedMillis = endedMillis;
        }

        /** What follows that word and a blank at the beginning of a line, for each such line. */
        List<String> lines(String word) {
            return Arrays.stream(output.split("\n")).filter(line -> line.startsWith(word + " "))
                    .map(line -> line.substring(word.length() + 1)).collect(Collectors.toList());
        }
    }

    /** Runs it to its end; fails if -Xcheck:jni complains, or it crashes or does not end. */
    Ended run() {
        try {
            Path folder = Files.createTempDirectory("evercreds-child-");
            List<String> command = new ArrayList<>(before);
            command.addAll(Arrays.asList(Paths.get(System.getProperty("java.home"), "bin", "java").toString(), "-Xcheck:jni", "-Xmx128m",
                    "-XX:TieredStopAtLevel=1", "-XX:ErrorFile=" + folder.resolve("hs_err_pid%p.log")));
            command.addAll(options);
            command.addAll(Arrays.asList("-cp", classPath, main.getName()));
            command.addAll(arguments);
            Path output = folder.resolve("output.txt");
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment().keySet().removeIf(name -> name.startsWith("AWS_") || name.startsWith("EVERCREDS_"));
            builder.environment().putAll(environment);
            // Nobody's ~/.aws may decide what a test sees; SDK v1 looks by the property, SDK v2 by the variable.
            builder.environment().put("HOME", folder.toString());
            Process process = builder.start();
            boolean over = process.waitFor(limitSeconds, TimeUnit.SECONDS);
            long ended = System.currentTimeMillis();
            if (!over) {
                process.destroyForcibly().waitFor();
            }
            String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
            check(over, "it did not end within " + limitSeconds + " s", text);
            for (String complaint : COMPLAINTS) {
                check(!text.contains(complaint), "-Xcheck:jni or the JVM complains", text);
            }
            try (Stream<Path> left = Files.list(folder)) {
                check(left.noneMatch(file -> file.getFileName().toString().startsWith("hs_err")), "it crashed: see " + folder, text);
            }
            Files.delete(output);
            Files.deleteIfExists(folder);
            return new Ended(process.exitValue(), text, ended);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(stopped);
        }
    }

    private void check(boolean well, String what, String output) {
        if (!well) {
            throw new AssertionError(main.getSimpleName() + " " + arguments + " " + options + ": " + what + "\n" + output);
        }
    }
}
