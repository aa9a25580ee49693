// The child of ExitProof: brings itself into a situation, says that it leaves, leaves.
package io.github.evercreds.proof;

import io.github.evercreds.Refresher;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.channels.Selector;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Arguments: the {@link Way}; {@code ours}, {@code twin} (without the library) or {@code selector} (without it, but with
 * a thread that waits in a system call, as any server has); the endpoint of an IMDS; whether to wait for credentials.
 */
public final class ExitChild {
    /** How a child ends, and what it does meanwhile. */
    enum Way {
        /** {@code main} returns. */
        RETURN(0),
        /** {@code System.exit}. */
        EXIT(3),
        /** An exception that nobody catches. */
        UNCAUGHT(1),
        /** {@code System.exit} while states are published without a pause. */
        STREAM(4),
        /** {@code System.exit} while the engine's thread stands inside an upcall. */
        UPCALL(5);

        final int code;

        Way(int code) {
            this.code = code;
        }
    }

    private static Object kept;
    private static Logger logger;

    private ExitChild() { }

    /** See the class. */
    public static void main(String[] args) throws Exception {
        Way way = Way.valueOf(args[0]);
        boolean ours = args[1].equals("ours");
        if (args[1].equals("selector")) {
            waitInASystemCall();
        } else if (way == Way.STREAM) {
            stream(ours);
        } else if (ours) {
            silence();
            Refresher refresher = Refresher.builder().instanceProfile().endpoint(URI.create(args[2])).build();
            kept = refresher;
            if (args[3].equals("held")) {
                refresher.credentials();
            } else {
                until(() -> refresher.status().attempts() > 0);
            }
            if (way == Way.UPCALL) {
                holdTheEngineInAnUpcall(refresher);
            }
        }
        System.out.println(InteractiveJvm.LEAVING + System.nanoTime());
        if (way == Way.UNCAUGHT) {
            throw new IllegalStateException("nobody catches this");
        }
        if (way.code != 0) {
            System.exit(way.code);
        }
    }

    /** What it logs is not what is judged here; a crash or a stray stack trace is. */
    private static void silence() {
        logger = Logger.getLogger("io.github.evercreds");
        logger.setLevel(Level.WARNING);
    }

    private static void waitInASystemCall() throws Exception {
        Selector selector = Selector.open();
        Thread waiting = new Thread(() -> {
            try {
                selector.select();
            } catch (IOException atTheEnd) {
                // The JVM is leaving.
            }
        });
        waiting.setDaemon(true);
        waiting.start();
        until(() -> Arrays.stream(waiting.getStackTrace()).anyMatch(StackTraceElement::isNativeMethod));
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void until(Condition condition) throws Exception {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (!condition.holds()) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("the child did not come into its situation within 10 s");
            }
            Thread.sleep(1);
        }
    }

    /** A daemon that opens one refresher after the other, each of which is published to; its twin works as much without us. */
    private static void stream(boolean ours) throws Exception {
        if (ours) {
            silence();
        }
        CountDownLatch running = new CountDownLatch(200);
        Thread churn = new Thread(() -> {
            for (long i = 0;; i++) {
                if (ours) {
                    try (Refresher one = Refresher.builder().systemProperties().label("stream " + i).build()) {
                        kept = one.credentials();
                    }
                } else {
                    kept = String.format("%d %s", i, kept == null ? "" : kept.hashCode());
                }
                running.countDown();
            }
        });
        System.setProperty("aws.accessKeyId", "AKIDSTREAM");
        System.setProperty("aws.secretAccessKey", "secret");
        churn.setDaemon(true);
        churn.start();
        running.await();
    }

    /** The upcall stores under the cell's monitor; whoever holds that keeps the engine's thread inside. */
    private static void holdTheEngineInAnUpcall(Refresher refresher) throws Exception {
        Object cell = field(field(refresher, "subscription"), "cell");
        Method monitor = cell.getClass().getDeclaredMethod("monitor");
        monitor.setAccessible(true);
        Object held = monitor.invoke(cell);
        Thread holder = new Thread(() -> {
            synchronized (held) {
                refresher.invalidate(refresher.credentials().accessKeyId());
                while (true) {
                    try {
                        Thread.sleep(60_000);
                    } catch (InterruptedException ignored) {
                        return;
                    }
                }
            }
        });
        holder.setDaemon(true);
        holder.start();
        until(ExitChild::engineIsBlockedInPublish);
    }

    private static boolean engineIsBlockedInPublish() {
        return Thread.getAllStackTraces().entrySet().stream().anyMatch(each -> each.getKey().getName().startsWith("evercreds-engine-")
                && each.getKey().getState() == Thread.State.BLOCKED && each.getValue().length > 0
                && each.getValue()[0].getMethodName().equals("publish"));
    }

    private static Object field(Object of, String name) throws ReflectiveOperationException {
        Field field = of.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(of);
    }
}
