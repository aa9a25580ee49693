// Every way in which the native library cannot be had, and what is said then.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public class NativeLoaderTest {
    private static final Platform LINUX = new Platform("Linux", "amd64", false);
    private static final String RESOURCE = "META-INF/native/linux-x86_64/libevercreds.so";

    @Rule
    public final TemporaryFolder folder = new TemporaryFolder();

    private final Map<String, String> settings = new HashMap<>();
    private final FakeLinker linker = new FakeLinker();
    private Path tmp;

    private static final class FakeLinker implements NativeLoader.Linker {
        int abi = Native.ABI;
        Throwable refusal;
        Path loaded;
        String name;
        boolean existedWhenLoaded;

        @Override
        public void load(Path file) {
            loaded = file;
            existedWhenLoaded = Files.isRegularFile(file);
            refuse();
        }

        @Override
        public void loadByName(String library) {
            name = library;
            refuse();
        }

        private void refuse() {
            if (refusal instanceof Error) {
                throw (Error) refusal;
            }
            if (refusal != null) {
                throw (RuntimeException) refusal;
            }
        }

        @Override
        public int abi() {
            return abi;
        }
    }

    @Before
    public void settings() throws IOException {
        tmp = folder.newFolder("tmp").toPath();
        settings.put("evercreds.native.tmpdir", tmp.toString());
    }

    private ClassLoader jar(String resource, byte[] bytes) throws IOException {
        Path jar = folder.newFile().toPath();
        try (OutputStream file = Files.newOutputStream(jar); JarOutputStream out = new JarOutputStream(file)) {
            out.putNextEntry(new JarEntry(resource));
            out.write(bytes);
            out.closeEntry();
        }
        return new URLClassLoader(new URL[] {jar.toUri().toURL()}, null);
    }

    private ClassLoader goodJar() throws IOException {
        return jar(RESOURCE, "a library".getBytes(StandardCharsets.UTF_8));
    }

    private NativeLoader loader(ClassLoader jar) {
        return new NativeLoader(LINUX, settings::get, jar, linker);
    }

    private NativeUnavailable failure(NativeLoader loader) {
        try {
            loader.loadOnce();
            fail("loaded");
            return null;
        } catch (NativeUnavailable unavailable) {
            return unavailable;
        }
    }

    private void assertSays(NativeUnavailable failure, String... parts) {
        for (String part : parts) {
            assertTrue(failure.getMessage(), failure.getMessage().contains(part));
        }
    }

    private long leftBehind() throws IOException {
        try (Stream<Path> files = Files.list(tmp)) {
            return files.count();
        }
    }

    @Test
    public void the_library_in_the_jar_is_unpacked_privately_loaded_and_deleted_at_once() throws IOException {
        loader(goodJar()).loadOnce();
        assertTrue(linker.existedWhenLoaded);
        assertTrue(linker.loaded.getFileName().toString(), linker.loaded.getFileName().toString().matches("libevercreds-.+\\.so"));
        assertEquals(0, leftBehind());
    }

    @Test
    public void a_missing_platform_names_the_platform_and_the_setting() throws IOException {
        assertSays(failure(loader(jar("META-INF/native/windows-x86_64/evercreds.dll", new byte[1]))), RESOURCE, "linux-x86_64", "evercreds.native.path");
    }

    @Test
    public void noexec_names_the_file_the_suspicion_and_the_setting() throws IOException {
        linker.refusal = new UnsatisfiedLinkError("/x/lib.so: failed to map segment from shared object");
        NativeUnavailable failure = failure(loader(goodJar()));
        assertSays(failure, tmp.toString(), "noexec", "evercreds.native.tmpdir", "failed to map segment");
        assertSame(linker.refusal, failure.getCause().getSuppressed()[0]);
        assertEquals(0, leftBehind());
    }

    @Test
    public void a_temporary_folder_that_is_not_there_is_named() throws IOException {
        settings.put("evercreds.native.tmpdir", "/nonexistent/folder");
        assertSays(failure(loader(goodJar())), "/nonexistent/folder", "no such folder", "evercreds.native.tmpdir");
    }

    @Test
    public void a_library_for_another_platform_or_a_damaged_one_is_suspected() throws IOException {
        for (String said : new String[] {"wrong ELF class: ELFCLASS32", "invalid ELF header", "file too short"}) {
            linker.refusal = new UnsatisfiedLinkError("/x/lib.so: " + said);
            assertSays(failure(loader(goodJar())), "damaged", "linux-x86_64");
        }
    }

    @Test
    public void another_c_library_is_suspected() throws IOException {
        linker.refusal = new UnsatisfiedLinkError("ld-linux-x86-64.so.2: cannot open shared object file");
        assertSays(failure(loader(goodJar())), "another C library");
        linker.refusal = new UnsatisfiedLinkError("/lib/libc.so.6: version `GLIBC_2.34' not found");
        assertSays(failure(loader(goodJar())), "older than", "2.17");
    }

    @Test
    public void another_version_of_the_boundary_is_refused() throws IOException {
        linker.abi = Native.ABI + 1;
        assertSays(failure(loader(goodJar())), "version " + linker.abi + " of the boundary", "same jar");
    }

    @Test
    public void an_exact_file_is_the_only_attempt() throws IOException {
        settings.put("evercreds.native.path", "/nonexistent/libevercreds.so");
        NativeUnavailable failure = failure(loader(goodJar()));
        assertSays(failure, "/nonexistent/libevercreds.so", "no such file", "evercreds.native.path");
        assertNull(linker.loaded);
        Path exact = folder.newFile("exact.so").toPath();
        settings.put("evercreds.native.path", exact.toString());
        loader(goodJar()).loadOnce();
        assertEquals(exact, linker.loaded);
    }

    @Test
    public void an_exact_file_that_does_not_fit_its_checksum_is_refused() throws IOException {
        Path exact = folder.newFile("exact.so").toPath();
        Files.write(Paths.get(exact + ".sha256"), "00ff\n".getBytes(StandardCharsets.US_ASCII));
        settings.put("evercreds.native.path", exact.toString());
        assertSays(failure(loader(goodJar())), "SHA-256", "00ff");
    }

    @Test
    public void the_systems_library_comes_first_if_asked_for_and_every_attempt_is_told() throws IOException {
        settings.put("evercreds.native.system", "true");
        linker.refusal = new UnsatisfiedLinkError("no evercreds in java.library.path: /usr/lib");
        NativeUnavailable failure = failure(loader(goodJar()));
        assertEquals("evercreds", linker.name);
        assertSays(failure, "(1)", "evercreds.native.system", "(2)", RESOURCE);
        assertEquals(2, failure.getCause().getSuppressed().length);
    }

    @Test
    public void native_access_denied_names_the_flag() throws IOException {
        linker.refusal = new IllegalCallerException();
        assertSays(failure(loader(goodJar())), "--enable-native-access=ALL-UNNAMED");
    }

    private static final class IllegalCallerException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @Test
    public void a_failure_is_kept_and_told_at_every_use() throws IOException {
        NativeLoader loader = loader(jar("other", new byte[1]));
        assertEquals(failure(loader).getMessage(), failure(loader).getMessage());
    }

    @Test
    public void a_damaged_jar_is_noticed() throws IOException {
        byte[] library = new byte[100_000];
        Arrays.fill(library, (byte) 7);
        Path jar = folder.newFile().toPath();
        try (OutputStream file = Files.newOutputStream(jar); JarOutputStream out = new JarOutputStream(file)) {
            JarEntry entry = new JarEntry(RESOURCE);
            entry.setMethod(JarEntry.STORED);
            entry.setSize(library.length);
            java.util.zip.CRC32 crc = new java.util.zip.CRC32();
            crc.update(library);
            entry.setCrc(crc.getValue());
            out.putNextEntry(entry);
            out.write(library);
            out.closeEntry();
        }
        byte[] bytes = Files.readAllBytes(jar);
        bytes[50_000] ^= 1;
        Files.write(jar, bytes);
        assertSays(failure(loader(new URLClassLoader(new URL[] {jar.toUri().toURL()}, null))), "damaged");
        assertNull(linker.loaded);
        assertEquals(0, leftBehind());
    }

    @Test
    public void a_relocated_package_is_told_as_such() {
        assertNull(NativeLoader.relocated(Native.class.getName()));
        String said = NativeLoader.relocated("com.example.shaded.evercreds.internal.Native");
        assertTrue(said, said.contains("relocated") && said.contains("com.example.shaded"));
    }

    @Test
    public void the_noexec_mount_is_found_by_the_longest_folder() {
        java.util.List<String> mounts = Arrays.asList("/dev/sda1 / ext4 rw 0 0", "tmpfs /tmp tmpfs rw,nosuid,noexec 0 0", "x /tmp/my\\040exec tmpfs rw 0 0");
        assertTrue(Suspicion.noexec(mounts, Paths.get("/tmp/a/b.so")));
        assertFalse(Suspicion.noexec(mounts, Paths.get("/tmp/my exec/b.so")));
        assertFalse(Suspicion.noexec(mounts, Paths.get("/tmpx/b.so")));
    }

    @Test
    public void platforms_have_their_folders() {
        assertEquals("META-INF/native/macos-aarch64/libevercreds.dylib", new Platform("Mac OS X", "aarch64", false).resource());
        assertEquals("META-INF/native/windows-x86_64/evercreds.dll", new Platform("Windows 11", "amd64", false).resource());
        assertEquals("META-INF/native/linux-aarch64-musl/libevercreds.so", new Platform("Linux", "aarch64", true).resource());
    }
}
