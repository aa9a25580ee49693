// A JVM of its own for a measurement, told what to do by lines and answering in lines.
package io.github.evercreds.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One child; closing it ends it. */
final class Child implements AutoCloseable {
    private final Process process;
    private final BufferedReader out;
    private final OutputStream in;

    /**
     * Starts one.
     *
     * @param prefix a command to put before {@code java}
     * @param environment {@code NAME=VALUE} each
     * @param jvm arguments for the JVM
     * @param main the class to run
     * @param args its arguments
     */
    Child(List<String> prefix, List<String> environment, List<String> jvm, String main, String... args) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.add(Paths.get(System.getProperty("java.home"), "bin", "java").toString());
        if (Integer.parseInt(System.getProperty("java.specification.version").replaceFirst("^1\\.", "")) >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");      // else the JVM warns of ours and of the C runtime
        }
        command.add("-Daws.java.v1.disableDeprecationAnnouncement=true");     // it logs a stack trace at each start
        command.addAll(jvm);
        command.addAll(Arrays.asList("-cp", System.getProperty("java.class.path"), main));
        command.addAll(Arrays.asList(args));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(Bench.log().toFile()));
        // What the developer's own account declares is none of the benchmark's business.
        builder.environment().keySet().removeIf(name -> name.startsWith("AWS_") || name.startsWith("EVERCREDS_"));
        for (String entry : environment) {
            builder.environment().put(entry.substring(0, entry.indexOf('=')), entry.substring(entry.indexOf('=') + 1));
        }
        process = builder.start();
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        in = process.getOutputStream();
    }

    void tell(String line) throws IOException {
        in.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        in.flush();
    }

    /** What follows {@code word} in the next line that begins with it. */
    String await(String word) throws IOException {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(word + " ")) {
                return line.substring(word.length() + 1);
            }
        }
        throw new IOException("a child ended before it said \"" + word + "\"; what it complained of: " + Bench.log());
    }

    /** Lets it print into nothing until it ends. */
    int end(long seconds) throws IOException, InterruptedException {
        while (out.readLine() != null) {
            continue;
        }
        return process.waitFor(seconds, TimeUnit.SECONDS) ? process.exitValue() : -1;
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        out.close();
    }
}
