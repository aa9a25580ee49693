// What was the demo told on its command line?
package io.github.evercreds.demo;

import java.nio.file.Path;
import java.nio.file.Paths;

/** The command line, read. */
final class Options {
    Path simulator = Paths.get("target", "release", "aws-sim");
    Path timeBend = Paths.get("target", "time-bend", "time-bend");
    Path out = Paths.get("build", "demo");
    boolean realTime;
    /** Multiplies every rate; 0.5 tells what the speed itself distorts. */
    double speed = 1;

    static final String USAGE = "options: --simulator FILE  --time-bend FILE  --out FOLDER  --real-time  --speed FACTOR (0.25 to 2)";

    /**
     * Reads it.
     *
     * @throws IllegalArgumentException if something is not understood
     */
    static Options of(String... args) {
        Options options = new Options();
        for (int i = 0; i < args.length; i++) {
            if (args[i].equals("--real-time")) {
                options.realTime = true;
                continue;
            }
            if (i + 1 == args.length) {
                throw new IllegalArgumentException(args[i] + ": not known, or its value is missing; " + USAGE);
            }
            String value = args[++i];
            switch (args[i - 1]) {
                case "--simulator": options.simulator = Paths.get(value); break;
                case "--time-bend": options.timeBend = Paths.get(value); break;
                case "--out": options.out = Paths.get(value); break;
                case "--speed": options.speed = speed(value); break;
                default: throw new IllegalArgumentException(args[i - 1] + ": not known; " + USAGE);
            }
        }
        return options;
    }

    private static double speed(String value) {
        double speed = Double.parseDouble(value);
        if (!(speed >= 0.25 && speed <= 2)) {
            throw new IllegalArgumentException("--speed " + value + ": 0.25 to 2 is allowed");
        }
        return speed;
    }
}
