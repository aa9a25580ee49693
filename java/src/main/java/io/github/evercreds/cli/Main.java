// The commands of `java -jar evercreds-<version>.jar`.
package io.github.evercreds.cli;

import io.github.evercreds.EvercredsException;
import io.github.evercreds.Order;
import io.github.evercreds.Refresher;
import io.github.evercreds.Snapshot;
import io.github.evercreds.Source;
import io.github.evercreds.Status;
import io.github.evercreds.internal.JsonWriter;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The command line. Exit codes: 0 done, 1 failed (the reasons are on the standard error), 2 wrong usage. */
public final class Main {
    private static final String USAGE = "usage: java -jar evercreds.jar <command>\n"
            + "\n"
            + "  credentials   print credentials as JSON, as a credential_process of the AWS tools does. They come from the default\n"
            + "                chain: JVM properties, environment variables, web identity, profile, container, instance profile\n"
            + "    --profile NAME       of this profile only\n"
            + "    --instance-profile   of the instance profile only, whatever else is declared\n"
            + "    --order v1|v2        which SDK's order and property names to follow; v2 if not given\n"
            + "                A profile that has this command as its credential_process must not be the one that the command\n"
            + "                ends in: give it --instance-profile, or --profile with another one\n"
            + "  --help        print this\n"
            + "  --version     print the version\n";
    /** So long the engine may try again after a failure: one attempt at the metadata service takes at most five seconds. */
    private static final Duration PATIENCE = Duration.ofSeconds(6);
    /** So long the first attempt may take: a process has a minute. */
    private static final Duration LONGEST = Duration.ofSeconds(65);
    /** How many of these commands run inside one another; the engine counts it up for each process that it starts. */
    private static final String DEPTH = "EVERCREDS_PROCESS_DEPTH";
    /** A profile may lead to another profile in such a way, and that one to a third; more is a circle. */
    private static final int DEEPEST = 3;

    /** Held here, because the logging framework forgets loggers that nobody holds. */
    private static final Logger LOGGER = Logger.getLogger("io.github.evercreds");

    private Main() { }

    /**
     * Runs one command and ends the JVM with its exit code.
     *
     * @param args the command and its options
     */
    public static void main(String[] args) {
        // The exception says it all, and once; a tool that reads our output wants no log lines between.
        LOGGER.setLevel(Level.OFF);
        int code = run(args, System.out, System.err);
        System.out.flush();
        // A JVM waits 0.3 s at its end for a thread that is in native code, as the engine's is.
        Refresher.shutdownAll();
        System.exit(code);
    }

    /**
     * Runs one command.
     *
     * @param args the command and its options
     * @param out for what was asked for, and nothing else
     * @param err for reasons
     * @return the exit code
     */
    static int run(String[] args, PrintStream out, PrintStream err) {
        String command = args.length == 0 ? "" : args[0];
        switch (command) {
            case "--help":
            case "-h":
            case "help":
                out.print(USAGE);
                return 0;
            case "--version":
                String version = Main.class.getPackage().getImplementationVersion();
                out.println("evercreds " + (version == null ? "(not from a jar)" : version));
                return 0;
            case "credentials":
                return credentials(args, out, err);
            default:
                return wrong(command.isEmpty() ? "a command is needed" : "there is no command " + printable(command), err);
        }
    }

    private static int credentials(String[] args, PrintStream out, PrintStream err) {
        Order order = Order.V2;
        Source source = Source.defaultChain();
        for (int i = 1; i < args.length; i++) {
            String option = args[i];
            Source named = null;
            switch (option) {
                case "--instance-profile":
                    named = Source.instanceProfile();
                    break;
                case "--profile":
                    try {
                        named = Source.profile(++i < args.length ? args[i] : "");
                    } catch (IllegalArgumentException refused) {
                        return wrong("--profile: the name of a profile is needed", err);
                    }
                    break;
                case "--order":
                    String value = ++i < args.length ? args[i].toLowerCase(Locale.ROOT) : "";
                    if (!value.equals("v1") && !value.equals("v2")) {
                        return wrong("--order: " + printable(value) + " was given; v1 or v2 is allowed", err);
                    }
                    order = value.equals("v1") ? Order.V1 : Order.V2;
                    break;
                default:
                    return wrong("credentials has no option " + printable(option), err);
            }
            if (named != null && source.kind() != Source.Kind.DEFAULT_CHAIN) {
                return wrong("--profile and --instance-profile: one of them, once, is allowed", err);
            }
            source = named != null ? named : source;
        }
        if (source.kind() != Source.Kind.INSTANCE_PROFILE && depth(System.getenv(DEPTH)) > DEEPEST) {
            err.println("evercreds: " + source.title() + ": this command runs inside itself more than " + DEEPEST + " times, so it would never end: the profile "
                    + "that it asks has this command as its credential_process. What to do: have the command ask for another profile (--profile) or for "
                    + "the instance's role (--instance-profile)");
            return 1;
        }
        Refresher.Builder builder = Refresher.builder().order(order).source(source).label(title(source)).firstReadTimeout(PATIENCE);
        try (Refresher refresher = builder.build()) {
            out.println(json(read(refresher)));
            return 0;
        } catch (EvercredsException | IllegalArgumentException failure) {
            err.println("evercreds: " + failure.getMessage());
            return 1;
        }
    }

    private static String title(Source source) {
        return source.kind() == Source.Kind.DEFAULT_CHAIN ? "credentials command" : source.title();
    }

    /** Waits for the first attempt as long as it may take; what fails is tried again for a few seconds only. */
    private static Snapshot read(Refresher refresher) {
        long begun = System.nanoTime();
        try {
            return refresher.credentials();
        } catch (EvercredsException failure) {
            if (refresher.status().failures() > 0) {
                throw failure;
            }
        }
        try {
            while (underWay(refresher.status()) && System.nanoTime() - begun < LONGEST.toNanos()) {
                Thread.sleep(20);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        return refresher.credentials();
    }

    private static boolean underWay(Status status) {
        return !status.accessKeyId().isPresent() && status.failures() == 0;
    }

    /** What the variable counts; 0 if it is not set, or to no number. */
    static int depth(String variable) {
        return variable != null && variable.matches("[0-9]{1,9}") ? Integer.parseInt(variable) : 0;
    }

    /** The form that the AWS tools expect of a {@code credential_process} (AWS SDKs and Tools Reference Guide). */
    static String json(Snapshot credentials) {
        JsonWriter json = new JsonWriter().beginObject()
                .field("Version", 1)
                .field("AccessKeyId", credentials.accessKeyId())
                .field("SecretAccessKey", credentials.secretAccessKey());
        credentials.sessionToken().ifPresent(token -> json.field("SessionToken", token));
        credentials.expiration().map(Instant::toString).ifPresent(at -> json.field("Expiration", at));
        credentials.accountId().ifPresent(account -> json.field("AccountId", account));
        return json.endObject().toString();
    }

    private static int wrong(String what, PrintStream err) {
        err.println("evercreds: " + what);
        err.print(USAGE);
        return 2;
    }

    private static String printable(String text) {
        String shown = text.length() > 60 ? text.substring(0, 60) + "..." : text;
        return "\"" + shown.replaceAll("\\p{Cntrl}", "?") + "\"";
    }
}
