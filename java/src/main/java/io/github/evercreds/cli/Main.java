// The commands of `java -jar evercreds-<version>.jar`.
package io.github.evercreds.cli;

import io.github.evercreds.EvercredsException;
import io.github.evercreds.Order;
import io.github.evercreds.Refresher;
import io.github.evercreds.Snapshot;
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
            + "  credentials   print the credentials of the default chain (environment variables, JVM properties, instance\n"
            + "                profile) as JSON, as a credential_process of the AWS tools does\n"
            + "    --instance-profile   of the instance profile only, whatever else is declared: a profile that has this\n"
            + "                         command as its credential_process declares itself\n"
            + "    --order v1|v2        which SDK's order to follow; v2 if not given\n"
            + "  --help        print this\n"
            + "  --version     print the version\n";
    /** One attempt at the metadata service takes at most five seconds. */
    private static final Duration PATIENCE = Duration.ofSeconds(6);

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
        boolean instanceProfile = false;
        for (int i = 1; i < args.length; i++) {
            if (args[i].equals("--instance-profile")) {
                instanceProfile = true;
                continue;
            }
            if (!args[i].equals("--order")) {
                return wrong("credentials has no option " + printable(args[i]), err);
            }
            String value = ++i < args.length ? args[i].toLowerCase(Locale.ROOT) : "";
            if (!value.equals("v1") && !value.equals("v2")) {
                return wrong("--order: " + printable(value) + " was given; v1 or v2 is allowed", err);
            }
            order = value.equals("v1") ? Order.V1 : Order.V2;
        }
        Refresher.Builder builder = Refresher.builder().order(order).label("credentials command").firstReadTimeout(PATIENCE);
        if (instanceProfile) {
            builder.instanceProfile();
        }
        try (Refresher refresher = builder.build()) {
            out.println(json(refresher.credentials()));
            return 0;
        } catch (EvercredsException | IllegalArgumentException failure) {
            err.println("evercreds: " + failure.getMessage());
            return 1;
        }
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
