// What a loading error most likely means, in words, and what to set.
package io.github.evercreds.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;

/** Reads what the system's loader said. */
final class Suspicion {
    private static final String TMPDIR = "name a folder on a file system that allows execution with evercreds.native.tmpdir (or EVERCREDS_NATIVE_TMPDIR)";

    final String text;
    final String fix;

    private Suspicion(String text, String fix) {
        this.text = text;
        this.fix = fix;
    }

    static Suspicion ofLoading(Throwable refused, Path file, Platform platform) {
        String said = String.valueOf(refused.getMessage());
        if (refused.getClass().getSimpleName().equals("IllegalCallerException")) {
            return new Suspicion("this JVM denies native access", "start it with --enable-native-access=ALL-UNNAMED");
        }
        if (said.contains("failed to map segment") || said.contains("Operation not permitted") || file != null && onNoexec(file)) {
            return new Suspicion("its file system seems to be mounted noexec", TMPDIR);
        }
        if (said.contains("Permission denied")) {
            return new Suspicion("the system refuses to run code from there (noexec, SELinux or AppArmor)", TMPDIR);
        }
        if (said.contains("GLIBC_")) {
            return new Suspicion("this system's C library is older than the one that the library was built for",
                    "use the released jar, it needs glibc 2.17 or later, or build the library on this system and name it with evercreds.native.path");
        }
        if (said.contains("ld-linux") || said.contains("Error relocating") || said.contains("ld-musl") || said.contains("libc.musl")) {
            return new Suspicion("the library was built for another C library (glibc or musl) than this JVM's, " + platform.folder(),
                    "name a library for " + platform.folder() + " with evercreds.native.path");
        }
        if (said.contains("ELF") || said.contains("file too short") || said.contains("not a mach-o") || said.contains("not a valid Win32")
                || said.contains("wrong architecture") || said.contains("incompatible architecture") || said.contains("cannot open shared object")) {
            return new Suspicion("the library is damaged, lacks a library that it needs, or is for another platform than " + platform.folder(),
                    "use an undamaged jar that was built for this platform, or name a library with evercreds.native.path");
        }
        if (said.contains("already loaded in another classloader")) {
            return new Suspicion("another class loader of this JVM has loaded the same file",
                    "remove evercreds.native.path, so that each class loader unpacks its own");
        }
        if (said.contains("no evercreds in java.library.path")) {
            return new Suspicion("the system has no such library", "install it, set java.library.path, or remove evercreds.native.system");
        }
        if (refused instanceof UnsatisfiedLinkError && said.contains("abi")) {
            return new Suspicion("it is not the library of evercreds", "name the right file with evercreds.native.path, or remove that setting");
        }
        return new Suspicion("the system refused to load it", "read the system's own words; a library can be named with evercreds.native.path");
    }

    static String ofExtraction(Exception failed) {
        String said = String.valueOf(failed.getMessage());
        if (failed instanceof AccessDeniedException || said.contains("Permission denied")) {
            return "this process may not write there";
        }
        if (said.contains("Read-only file system")) {
            return "that file system is read-only";
        }
        if (failed instanceof NoSuchFileException || failed instanceof NotDirectoryException) {
            return "there is no such folder";
        }
        if (said.contains("No space left") || said.contains("quota")) {
            return "there is no space left";
        }
        return "it cannot be unpacked";
    }

    /** What the kernel says of the mount that the file is on. */
    private static boolean onNoexec(Path file) {
        try {
            List<String> mounts = Arrays.asList(new String(Files.readAllBytes(Paths.get("/proc/self/mounts")), StandardCharsets.ISO_8859_1).split("\n"));
            return noexec(mounts, file.toAbsolutePath().normalize());
        } catch (IOException | RuntimeException unknown) {
            return false;
        }
    }

    /** The last mount at the longest matching folder is the one that counts. */
    static boolean noexec(List<String> mounts, Path file) {
        int longest = -1;
        boolean noexec = false;
        for (String mount : mounts) {
            String[] part = mount.split(" ");
            if (part.length >= 4 && file.startsWith(Paths.get(part[1].replace("\\040", " "))) && part[1].length() >= longest) {
                longest = part[1].length();
                noexec = Arrays.asList(part[3].split(",")).contains("noexec");
            }
        }
        return noexec;
    }
}
