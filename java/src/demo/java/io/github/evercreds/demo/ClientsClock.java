// What time is it for the clients, and how fast does it run?
package io.github.evercreds.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** The clock that simulator and clients live by: bent by {@code time-bend}, or the real one. */
final class ClientsClock {
    private static final long TOOL_LIMIT_S = 10;

    private final String tool;
    private final String control;

    private ClientsClock(String tool, String control) {
        this.tool = tool;
        this.control = control;
    }

    /** The real clock. */
    static ClientsClock real() {
        return new ClientsClock(null, null);
    }

    /**
     * A clock of its own, at rate 1 for now.
     *
     * @param trial a program that must run in it
     * @throws IOException if clocks cannot be bent here
     */
    static ClientsClock bent(Path tool, Path control, String... trial) throws IOException, InterruptedException {
        ClientsClock clock = new ClientsClock(tool.toString(), control.toString());
        clock.ask("create", clock.control);
        run(clock.living(Arrays.asList(trial)));
        return clock;
    }

    boolean bends() {
        return tool != null;
    }

    /** The command that starts a program by this clock. */
    List<String> living(List<String> command) {
        List<String> whole = new ArrayList<>();
        if (bends()) {
            whole.addAll(Arrays.asList(tool, "run", control, "--"));
        }
        whole.addAll(command);
        return whole;
    }

    void rate(double rate) throws IOException, InterruptedException {
        if (bends()) {
            ask("rate", control, String.format(Locale.ROOT, "%.3f", rate));
        }
    }

    /** Wall milliseconds. */
    long now() throws IOException, InterruptedException {
        if (!bends()) {
            return System.currentTimeMillis();
        }
        JsonNode shown = new ObjectMapper().readTree(ask("show", control));
        return (long) (shown.get("wall_seconds").asDouble() * 1000);
    }

    private String ask(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(tool);
        command.addAll(Arrays.asList(arguments));
        return run(command);
    }

    /** Runs a program that says little and ends soon; gives what it said. */
    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            if (!process.waitFor(TOOL_LIMIT_S, TimeUnit.SECONDS)) {
                throw new IOException(command + " did not end within " + TOOL_LIMIT_S + " s");
            }
            String said = Streams.text(process.getInputStream());
            if (process.exitValue() != 0) {
                throw new IOException(command + " ended with " + process.exitValue() + ": " + said.trim());
            }
            return said;
        } finally {
            process.destroyForcibly();
        }
    }

}
