// Copies of the library in several class loaders do not meet, and leave nothing behind but their mapping.
package io.github.evercreds.proof;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.AfterClass;
import org.junit.BeforeClass;
import org.junit.Test;

/** As in an application server: the SDKs in the parent class loader, our jar in the applications' own. */
public class LoaderProof {
    private static final int CYCLES = Integer.getInteger("evercreds.proof.cycles", 50);
    private static final long COLLECTED_SECONDS = 20;

    private static final Logger LOGGER = Logger.getLogger("io.github.evercreds");
    private static URLClassLoader sdks;

    @BeforeClass
    public static void putTheSdksIntoAParent() throws Exception {
        LOGGER.setLevel(Level.WARNING);
        List<URL> jars = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (entry.endsWith(".jar")) {
                jars.add(new File(entry).toURI().toURL());
            }
        }
        sdks = new URLClassLoader(jars.toArray(new URL[0]), ClassLoader.getSystemClassLoader().getParent());
    }

    @AfterClass
    public static void end() throws IOException {
        LOGGER.setLevel(null);
        sdks.close();
    }

    /** One application: a class loader with our jar and {@link LoaderWork}. */
    private static final class Application implements AutoCloseable {
        private final URLClassLoader loader;

        Application(Path jar) throws IOException {
            URL ourTests = LoaderWork.class.getProtectionDomain().getCodeSource().getLocation();
            loader = new URLClassLoader(new URL[] {jar.toUri().toURL(), ourTests}, sdks);
        }

        Object call(String method, Object... args) throws Exception {
            Class<?>[] types = Arrays.stream(args).map(Object::getClass).toArray(Class<?>[]::new);
            try {
                return loader.loadClass(LoaderWork.class.getName()).getMethod(method, types).invoke(null, args);
            } catch (InvocationTargetException thrown) {
                throw new IllegalStateException(method + " failed", thrown.getCause());
            }
        }

        @Override
        public void close() throws IOException {
            loader.close();
        }
    }

    private static Path jar() {
        return Paths.get(System.getProperty("evercreds.proof.jar")).toAbsolutePath();
    }

    private static void eventually(String what, java.util.concurrent.Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(COLLECTED_SECONDS);
        while (!condition.call()) {
            assertTrue(what + ": not within " + COLLECTED_SECONDS + " s", System.nanoTime() < deadline);
            System.gc();
            Thread.sleep(10);
        }
    }

    /** What the kernel counts of this process. */
    private static long entries(String folder) {
        return new File("/proc/self/" + folder).list().length;
    }

    private static long javaThreadsOfOurs() {
        return Thread.getAllStackTraces().keySet().stream().filter(each -> each.getName().startsWith("evercreds-")).count();
    }

    /** What copies of our library occupy: how many, and kilobytes of address space, of memory, and of memory that no file backs. */
    private static final class Mapped {
        int copies;
        long addresses;
        long resident;
        long anonymous;

        static Mapped now() throws IOException {
            Mapped sum = new Mapped();
            boolean ours = false;
            for (String line : new String(Files.readAllBytes(Paths.get("/proc/self/smaps")), StandardCharsets.UTF_8).split("\n")) {
                String[] part = line.split("\\s+");
                if (part[0].contains("-")) {
                    ours = line.contains("/libevercreds-");
                    sum.copies += ours && part[2].equals("00000000") ? 1 : 0;
                } else if (ours) {
                    long kilobytes = part[0].matches("Size:|Rss:|Anonymous:") ? Long.parseLong(part[1]) : 0;
                    sum.addresses += part[0].equals("Size:") ? kilobytes : 0;
                    sum.resident += part[0].equals("Rss:") ? kilobytes : 0;
                    sum.anonymous += part[0].equals("Anonymous:") ? kilobytes : 0;
                }
            }
            return sum;
        }
    }

    @Test
    public void two_class_loaders_at_once_have_two_engines_that_do_not_meet() throws Exception {
        Path copy = Files.createTempDirectory("evercreds-copy").resolve("second.jar");
        Files.copy(jar(), copy);
        Mapped before = Mapped.now();
        long threads = javaThreadsOfOurs();
        try (FakeImds here = new FakeImds("role-here", 3600); FakeImds there = new FakeImds("role-there", 3600);
             Application one = new Application(jar()); Application two = new Application(copy)) {
            one.call("start", here.endpoint().toString());
            two.call("start", there.endpoint().toString());
            assertEquals("role-here", one.call("use"));
            assertEquals("role-there", two.call("use"));
            assertEquals("each has its own library", before.copies + 2, Mapped.now().copies);
            assertTrue("each has its own engine", javaThreadsOfOurs() >= threads + 2);

            long askedHere = here.minted();
            one.call("stop");
            Object key = two.call("key");
            two.call("reject");
            eventually("the other still refreshes", () -> !two.call("key").equals(key));
            assertEquals("role-there", two.call("use"));
            assertEquals("what is stopped asks no more", askedHere, here.minted());

            one.call("start", here.endpoint().toString());
            assertEquals("it can start again", "role-here", one.call("use"));
            assertNotEquals(askedHere, here.minted());
            one.call("stop");
            two.call("stop");
        } finally {
            Files.delete(copy);
            Files.delete(copy.getParent());
        }
        eventually("the threads have ended", () -> javaThreadsOfOurs() == threads);
    }

    @Test
    public void a_class_loader_is_collected_after_the_shutdown_and_only_the_mapping_stays() throws Exception {
        try (FakeImds imds = new FakeImds("app-role", 3600)) {
            cycle(imds);
            eventually("at rest", () -> javaThreadsOfOurs() == 0);
            long threads = entries("task");
            long files = entries("fd");
            Mapped before = Mapped.now();
            double[] collected = new double[CYCLES];
            for (int i = 0; i < CYCLES; i++) {
                WeakReference<ClassLoader> loader = cycle(imds);
                long begun = System.nanoTime();
                eventually("cycle " + i + ": the class loader is collected", () -> loader.get() == null);
                collected[i] = (System.nanoTime() - begun) / 1e6;
            }
            Mapped after = Mapped.now();
            // The JVM's and the fake service's own threads and connections come and go, so "back" may take a moment.
            eventually("threads and descriptors are back", () -> entries("task") <= threads && entries("fd") <= files);
            new Figures().put("cycles", CYCLES).put("class_loader_collected_after_ms", Figures.spread(collected))
                    .put("threads_before", threads).put("threads_after", entries("task"))
                    .put("descriptors_before", files).put("descriptors_after", entries("fd"))
                    .put("library_copies_left_mapped", after.copies - before.copies)
                    .put("address_space_per_cycle_kb", (after.addresses - before.addresses) / CYCLES)
                    .put("memory_per_cycle_kb", (after.resident - before.resident) / CYCLES)
                    .put("of_that_not_backed_by_a_file_kb", (after.anonymous - before.anonymous) / CYCLES).write("class-loaders");
        }
    }

    private static WeakReference<ClassLoader> cycle(FakeImds imds) throws Exception {
        try (Application application = new Application(jar())) {
            application.call("start", imds.endpoint().toString());
            assertEquals("app-role", application.call("use"));
            application.call("stop");
            return new WeakReference<>(application.loader);
        }
    }
}
