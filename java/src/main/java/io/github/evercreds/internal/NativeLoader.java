// Finds the native library, loads it once, and says in one exception why not.
package io.github.evercreds.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;

/**
 * Loads the native library: the exact file that {@code evercreds.native.path} names (and then no other); else the
 * system's library if {@code evercreds.native.system} asks for it; else the one in the jar. The outcome is kept: a
 * failure is reported at every use, and nothing is thrown by a static initialiser.
 */
final class NativeLoader {
    private static final NativeLoader INSTANCE = new NativeLoader(Platform.current(), SystemInputs::own, NativeLoader.class.getClassLoader(), new Jvm());

    /** The two ways into the JVM; a fake in tests. */
    interface Linker {
        void load(Path file);

        void loadByName(String name);

        int abi();
    }

    /** The settings by property name; null if not set. */
    interface Own {
        String get(String property);
    }

    private static final class Jvm implements Linker {
        @Override
        public void load(Path file) {
            System.load(file.toString());
        }

        @Override
        public void loadByName(String name) {
            System.loadLibrary(name);
        }

        @Override
        public int abi() {
            return Native.abi();
        }
    }

    private final Platform platform;
    private final Own settings;
    private final ClassLoader jar;
    private final Linker linker;
    private boolean tried;
    private NativeUnavailable failure;

    NativeLoader(Platform platform, Own settings, ClassLoader jar, Linker linker) {
        this.platform = platform;
        this.settings = settings;
        this.jar = jar;
        this.linker = linker;
    }

    /** Loads the library if that has not been tried. */
    static void load() {
        INSTANCE.loadOnce();
    }

    synchronized void loadOnce() {
        if (!tried) {
            tried = true;
            failure = tryAll();
        }
        if (failure != null) {
            throw new NativeUnavailable(failure.getMessage(), failure);
        }
    }

    private NativeUnavailable tryAll() {
        List<Attempt> attempts = new ArrayList<>();
        String relocated = relocated(Native.class.getName());
        if (relocated != null) {
            return unavailable(relocated, attempts);
        }
        String exact = settings.get("evercreds.native.path");
        if (exact != null) {
            attempts.add(exactFile(exact));
        } else {
            if (Boolean.parseBoolean(settings.get("evercreds.native.system"))) {
                attempts.add(systemLibrary());
            }
            if (attempts.isEmpty() || attempts.get(0).failed()) {
                attempts.add(fromJar());
            }
        }
        Attempt last = attempts.get(attempts.size() - 1);
        return last.failed() ? unavailable(null, attempts) : null;
    }

    /**
     * The names of the native methods hold this package's name. Put together here at run time, because relocating tools
     * rewrite constants too.
     */
    static String relocated(String nativeClass) {
        String expected = String.join(".", "io", "github", "evercreds", "internal", "Native");
        return nativeClass.equals(expected) ? null : "the package was relocated: " + nativeClass + " should be " + expected
                + ". Exclude io" + ".github" + ".evercreds from the relocation (shading) of your build";
    }

    private Attempt exactFile(String given) {
        String what = "the file " + given + " that evercreds.native.path (or EVERCREDS_NATIVE_PATH) names";
        try {
            Path file = Paths.get(given).toAbsolutePath();
            if (!Files.isRegularFile(file)) {
                return Attempt.failed(what, "there is no such file", "correct or remove evercreds.native.path", null);
            }
            Path sidecar = Paths.get(file + ".sha256");
            if (Files.isRegularFile(sidecar)) {
                String expected = new String(Files.readAllBytes(sidecar), java.nio.charset.StandardCharsets.US_ASCII).trim().split("\\s+")[0];
                String actual = NativeExtraction.sha256(file);
                if (!expected.equalsIgnoreCase(actual)) {
                    return Attempt.failed(what, "its SHA-256 is " + actual + ", but " + sidecar + " says " + expected,
                            "copy the file again, it is damaged or not the one that belongs to its checksum", null);
                }
            }
            long needed = ElfShape.neededLength(file);
            if (needed > Files.size(file)) {
                return Attempt.failed(what, "the library is damaged: it has " + Files.size(file) + " bytes, and should have " + needed,
                        "copy the file again, and name it with evercreds.native.path only when it is whole", null);
            }
            return link(what, () -> linker.load(file), file);
        } catch (IOException | RuntimeException unreadable) {
            return Attempt.failed(what, "it cannot be read", "correct or remove evercreds.native.path", unreadable);
        }
    }

    private Attempt systemLibrary() {
        return link("the system's library evercreds (evercreds.native.system)", () -> linker.loadByName("evercreds"), null);
    }

    private Attempt fromJar() {
        String resource = platform.resource();
        String what = "the library in the jar, " + resource;
        if (jar.getResource(resource) == null) {
            return Attempt.failed(what, "this jar has none for " + platform.folder(),
                    "use a jar that was built for this platform, or name a library with evercreds.native.path", null);
        }
        String folder = settings.get("evercreds.native.tmpdir");
        String tmp = folder != null ? folder : System.getProperty("java.io.tmpdir", ".");
        NativeExtraction extraction;
        try {
            NativeExtraction.sweep(Paths.get(tmp), platform);
            extraction = NativeExtraction.extract(jar, resource, Paths.get(tmp), platform);
        } catch (IOException | RuntimeException failed) {
            return Attempt.failed(what + ", unpacked into " + tmp, Suspicion.ofExtraction(failed),
                    "name a folder that this process may write to and run code from with evercreds.native.tmpdir"
                            + (folder == null ? "" : " (it names " + folder + " now)"), failed);
        }
        try {
            return link(what + ", unpacked as " + extraction.file(), () -> linker.load(extraction.file()), extraction.file());
        } finally {
            extraction.delete();
        }
    }

    private Attempt link(String what, Runnable loading, Path file) {
        try {
            loading.run();
            int abi = linker.abi();
            return abi == Native.ABI ? Attempt.succeeded(what) : Attempt.failed(what, "it has version " + abi + " of the boundary, and these classes need "
                    + Native.ABI, "use the library that came in the same jar; remove evercreds.native.path and older jars", null);
        } catch (LinkageError | RuntimeException refused) {
            Suspicion s = Suspicion.ofLoading(refused, file, platform);
            return Attempt.failed(what, s.text, s.fix, refused);
        }
    }

    private static NativeUnavailable unavailable(String single, List<Attempt> attempts) {
        StringBuilder text = new StringBuilder("the native library of evercreds cannot be used: ");
        if (single != null) {
            text.append(single).append('.');
        }
        for (int i = 0; i < attempts.size(); i++) {
            Attempt a = attempts.get(i);
            text.append(i == 0 ? "" : " ").append(attempts.size() > 1 ? "(" + (i + 1) + ") " : "").append(a.text()).append('.');
        }
        NativeUnavailable all = new NativeUnavailable(text.toString(), null);
        for (Attempt a : attempts) {
            all.addSuppressed(a.cause != null ? a.cause : new IOException(a.text()));
        }
        return all;
    }

    /** One attempt and how it ended. */
    private static final class Attempt {
        final String what;
        final String why;
        final String fix;
        final Throwable cause;

        private Attempt(String what, String why, String fix, Throwable cause) {
            this.what = what;
            this.why = why;
            this.fix = fix;
            this.cause = cause;
        }

        static Attempt succeeded(String what) {
            return new Attempt(what, null, null, null);
        }

        static Attempt failed(String what, String why, String fix, Throwable cause) {
            return new Attempt(what, why, fix, cause);
        }

        boolean failed() {
            return why != null;
        }

        String text() {
            String detail = cause == null || cause.getMessage() == null ? "" : " (" + cause.getClass().getSimpleName() + ": "
                    + cause.getMessage().replace('\n', ' ') + ")";
            return what + ": " + why + detail + ". What to do: " + fix;
        }
    }
}
