// Unpacks the native library from the jar into a fresh private folder, and clears it away.
package io.github.evercreds.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;

/** One unpacked library: a unique name in a fresh folder that only this user can enter. */
final class NativeExtraction {
    private static final String PREFIX = "evercreds-native-";
    private static final long LONGEST = 64 << 20;
    private static final long SWEEP_AGE_MILLIS = TimeUnit.MINUTES.toMillis(10);

    private final Path folder;
    private final Path file;

    private NativeExtraction(Path folder, Path file) {
        this.folder = folder;
        this.file = file;
    }

    Path file() {
        return file;
    }

    static NativeExtraction extract(ClassLoader jar, String resource, Path tmp, Platform platform) throws IOException {
        boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] onlyUs = posix ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))}
                : new FileAttribute<?>[0];
        Path folder = Files.createTempDirectory(tmp.toAbsolutePath(), PREFIX, onlyUs);
        // A name of its own as well: a JVM refuses one path in two class loaders.
        String name = platform.library();
        Path file = folder.resolve(name.replace(".", "-" + folder.getFileName().toString().substring(PREFIX.length()) + "."));
        NativeExtraction extraction = new NativeExtraction(folder, file);
        try {
            extraction.copy(jar, resource);
            return extraction;
        } catch (IOException | RuntimeException failed) {
            extraction.delete();
            throw failed;
        }
    }

    /** The jar's own CRC-32 guards the copy: hashing with SHA-256 would cost a cold JVM 50 ms. Outside of a jar SHA-256 does. */
    private void copy(ClassLoader jar, String resource) throws IOException {
        URL url = jar.getResource(resource);
        if (url == null) {
            throw new IOException(resource + " is not on the class path");
        }
        URLConnection connection = url.openConnection();
        connection.setUseCaches(false);     // a cached jar file stays open, and is shared with others who may close it
        CRC32 crc = new CRC32();
        long size = 0;
        ZipEntry entry;
        try (InputStream in = connection.getInputStream();
             OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            entry = connection instanceof JarURLConnection ? ((JarURLConnection) connection).getJarEntry() : null;
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                size += n;
                if (size > LONGEST) {
                    throw new IOException(resource + " is longer than " + LONGEST + " bytes");
                }
                crc.update(buffer, 0, n);
                out.write(buffer, 0, n);
            }
        }
        if (entry != null && entry.getCrc() >= 0) {
            if (entry.getCrc() != crc.getValue() || entry.getSize() >= 0 && entry.getSize() != size) {
                throw new IOException("the jar is damaged: " + resource + " has " + size + " bytes and CRC " + Long.toHexString(crc.getValue())
                        + ", the jar says " + entry.getSize() + " and " + Long.toHexString(entry.getCrc()));
            }
        } else {
            checkSha(jar, resource);
        }
    }

    private void checkSha(ClassLoader jar, String resource) throws IOException {
        try (InputStream in = jar.getResourceAsStream(resource + ".sha256")) {
            if (in == null) {
                throw new IOException(resource + ".sha256 is missing");
            }
            byte[] text = new byte[64];
            int length = 0;
            for (int n = in.read(text, 0, 64); n > 0 && length < 64; n = in.read(text, length, 64 - length)) {
                length += n;
            }
            String expected = new String(text, 0, length, StandardCharsets.US_ASCII);
            String actual = sha256(file);
            if (!actual.equalsIgnoreCase(expected)) {
                throw new IOException("the library is damaged: its SHA-256 is " + actual + ", expected is " + expected);
            }
        }
    }

    static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            StringBuilder hex = new StringBuilder();
            for (byte b : digest.digest()) {
                hex.append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
            }
            return hex.toString();
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-256", impossible);
        }
    }

    /** At once where the system lets go of a loaded file's name; Windows does not, so {@link #sweep} does at the next start. */
    void delete() {
        try {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        } catch (IOException | RuntimeException inUse) {
            // Windows: swept later. Elsewhere: a few megabytes in a temporary folder.
        }
    }

    /** Removes what earlier processes had to leave behind. A library that is still loaded cannot be deleted, and stays. */
    static void sweep(Path tmp, Platform platform) {
        if (!platform.windows()) {
            return;
        }
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(tmp, PREFIX + "*")) {
            for (Path folder : folders) {
                if (Files.isDirectory(folder) && System.currentTimeMillis() - Files.getLastModifiedTime(folder).toMillis() > SWEEP_AGE_MILLIS) {
                    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "evercreds-*.dll")) {
                        for (Path file : files) {
                            Files.deleteIfExists(file);
                        }
                    }
                    Files.deleteIfExists(folder);
                }
            }
        } catch (IOException | RuntimeException inUse) {
            // Next time.
        }
    }
}
