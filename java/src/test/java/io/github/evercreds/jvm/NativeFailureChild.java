// Started by NativeFailureTest: builds one provider, reads it once, and says what came of it.
package io.github.evercreds.jvm;

import io.github.evercreds.NativeFailure;
import io.github.evercreds.ProviderBuilder;
import io.github.evercreds.Refresher;
import io.github.evercreds.v1.EvercredsCredentialsProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Arguments: whose provider ({@code v1}, {@code v2}, {@code core}) and how it is pinned ({@code default},
 * {@code expectRole}, {@code fail}, {@code instanceProfile}). Prints lines that begin with LOG, KEY, THROWN, CAUSE, SUPPRESSED, LIBRARY, ALIVE.
 */
public final class NativeFailureChild {
    private NativeFailureChild() { }

    public static void main(String[] arguments) throws IOException {
        Logger root = Logger.getLogger("");
        for (Handler handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        root.addHandler(new Handler() {
            @Override
            public void publish(LogRecord record) {
                if (record.getLoggerName().startsWith("io.github.evercreds")) {
                    System.out.println("LOG " + record.getLevel() + " " + record.getMessage().replace('\n', ' '));
                }
            }

            @Override
            public void flush() { }

            @Override
            public void close() { }
        });
        // Twice: the second provider must not say again what the first has said.
        for (int i = 0; i < 2; i++) {
            try {
                System.out.println("KEY " + read(arguments[0], arguments[1]));
            } catch (RuntimeException thrown) {
                report(thrown);
            }
        }
        if (Files.exists(Paths.get("/proc/self/maps"))) {
            String maps = new String(Files.readAllBytes(Paths.get("/proc/self/maps")), StandardCharsets.ISO_8859_1);
            System.out.println("LIBRARY " + (maps.contains("libevercreds") ? "loaded" : "absent"));
        }
        System.out.println("ALIVE " + Thread.getAllStackTraces().keySet().stream().filter(t -> t.getName().startsWith("evercreds-engine")).count());
    }

    private static String read(String who, String how) {
        switch (who) {
            case "v1":
                EvercredsCredentialsProvider.Builder v1 = EvercredsCredentialsProvider.builder();
                pin(v1, how);
                return v1.build().getCredentials().getAWSAccessKeyId();
            case "v2":
                io.github.evercreds.v2.EvercredsCredentialsProvider.Builder v2 = io.github.evercreds.v2.EvercredsCredentialsProvider.builder();
                pin(v2, how);
                return v2.build().resolveCredentials().accessKeyId();
            default:
                Refresher.Builder core = Refresher.builder();
                pin(core, how);
                try (Refresher refresher = core.build()) {
                    return refresher.credentials().accessKeyId();
                }
        }
    }

    private static void pin(ProviderBuilder<?> builder, String how) {
        switch (how) {
            case "expectRole":
                builder.instanceProfile().expectRole("app-role");
                break;
            case "fail":
                builder.onNativeFailure(NativeFailure.FAIL);
                break;
            case "instanceProfile":
                builder.instanceProfile();
                break;
            default:
        }
    }

    private static void report(Throwable thrown) {
        System.out.println("THROWN " + thrown.getClass().getName() + " " + thrown.getMessage());
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            System.out.println("CAUSE " + cause.getClass().getName());
            for (Throwable suppressed : cause.getSuppressed()) {
                System.out.println("SUPPRESSED " + suppressed);
            }
        }
    }
}
