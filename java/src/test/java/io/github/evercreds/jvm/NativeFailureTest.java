// What is left when the native library cannot be loaded? Each way to fail, in a JVM of its own.
package io.github.evercreds.jvm;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assume.assumeTrue;

import io.github.evercreds.scenario.Simulator;
import io.github.evercreds.scenario.World;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

/**
 * For each failure: the default chain serves through the SDK's own, with exactly one warning that names the place, the
 * suspicion and the property to set; what is pinned throws one typed exception with every attempt in it; the JVM lives.
 * System properties give credentials that only the SDK's default chain would hand out.
 */
public class NativeFailureTest {
    private static final String KEY = "AKIDOFTHEPROPERTIES";

    private Path folder;

    @Before
    public void make() throws IOException {
        folder = Files.createTempDirectory("evercreds-native-failure-");
    }

    @After
    public void remove() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).collect(Collectors.toList())) {
                Files.delete(path);
            }
        }
    }

    @Test
    public void the_control_with_a_sound_library_is_served_by_the_engine() {
        ChildJvm.Ended ended = child("v1", "default").run();
        assertEquals(ended.output, Arrays.asList(KEY, KEY), ended.lines("KEY"));
        assertEquals(ended.output, Arrays.asList("loaded"), ended.lines("LIBRARY"));
        assertEquals(ended.output, Arrays.asList("1"), ended.lines("ALIVE"));
        assertEquals(ended.output, 0, warnings(ended).size());
    }

    @Test
    public void a_named_file_that_is_not_there() {
        Path missing = folder.resolve("nothing.so");
        fails(child -> child.property("evercreds.native.path", missing), missing.toString(), "there is no such file", "evercreds.native.path");
    }

    @Test
    public void a_named_file_by_the_variable() {
        Path missing = folder.resolve("nothing.so");
        fails(child -> child.variable("EVERCREDS_NATIVE_PATH", missing.toString()), missing.toString(), "there is no such file", "EVERCREDS_NATIVE_PATH");
    }

    @Test
    public void a_jar_without_a_library_for_this_platform() {
        fails(child -> child.classPath("/build/native"), "META-INF/native/", "this jar has none for", "evercreds.native.path");
    }

    @Test
    public void a_truncated_library() throws IOException {
        byte[] sound = Files.readAllBytes(library());
        Path cut = Files.write(folder.resolve("cut.so"), Arrays.copyOf(sound, sound.length / 3));
        fails(child -> child.property("evercreds.native.path", cut), cut.toString(), "damaged", "evercreds.native.path");
    }

    @Test
    public void a_text_file_as_library() throws IOException {
        Path text = Files.write(folder.resolve("text.so"), "<html>not found</html>\n".getBytes(StandardCharsets.US_ASCII));
        fails(child -> child.property("evercreds.native.path", text), text.toString(), "damaged", "evercreds.native.path");
    }

    @Test
    public void an_empty_file_as_library() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.so"));
        fails(child -> child.property("evercreds.native.path", empty), empty.toString(), "damaged", "evercreds.native.path");
    }

    @Test
    public void a_folder_as_library() {
        fails(child -> child.property("evercreds.native.path", folder), folder.toString(), "there is no such file", "evercreds.native.path");
    }

    @Test
    public void a_library_in_the_jar_that_does_not_match_its_checksum() throws IOException {
        Path sound = library();
        Path place = folder.resolve(Paths.get("build/native").toAbsolutePath().relativize(sound.toAbsolutePath()));
        Files.createDirectories(place.getParent());
        byte[] bytes = Files.readAllBytes(sound);
        bytes[bytes.length / 2] ^= 1;
        Files.write(place, bytes);
        Files.copy(Paths.get(sound + ".sha256"), Paths.get(place + ".sha256"));
        fails(child -> child.classPath("/build/native", folder), "META-INF/native/", "damaged", "evercreds.native.");
    }

    @Test
    public void a_library_for_another_machine() throws IOException {
        byte[] foreign = Files.readAllBytes(library());
        assumeTrue("the library is an ELF file", foreign[0] == 0x7f && foreign[1] == 'E');
        foreign[18] = (byte) 0xf3;      // e_machine: RISC-V
        foreign[19] = 0;
        Path file = Files.write(folder.resolve("foreign.so"), foreign);
        fails(child -> child.property("evercreds.native.path", file), file.toString(), "another platform", "evercreds.native.path");
    }

    @Test
    public void a_library_with_another_version_of_the_boundary() throws Exception {
        Path file = compiled("int Java_io_github_evercreds_internal_Native_abi(void *env, void *type) { return 999; }");
        fails(child -> child.property("evercreds.native.path", file), file.toString(), "version 999 of the boundary", "evercreds.native.path");
    }

    @Test
    public void a_library_that_is_somebody_elses() throws Exception {
        Path file = compiled("int something_else(void) { return 0; }");
        fails(child -> child.property("evercreds.native.path", file), file.toString(), "not the library of evercreds", "evercreds.native.path");
    }

    @Test
    public void a_temporary_folder_that_is_mounted_noexec() throws Exception {
        String[] mounted = mounted("noexec");
        fails(child -> child.property("evercreds.native.tmpdir", folder).under(mounted), folder.toString(), "noexec", "evercreds.native.tmpdir");
    }

    @Test
    public void the_jvms_temporary_folder_is_mounted_noexec() throws Exception {
        String[] mounted = mounted("noexec");
        fails(child -> child.property("java.io.tmpdir", folder).under(mounted), folder.toString(), "noexec", "evercreds.native.tmpdir");
    }

    @Test
    public void a_temporary_folder_that_is_mounted_read_only() throws Exception {
        String[] mounted = mounted("ro");
        fails(child -> child.property("evercreds.native.tmpdir", folder).under(mounted), folder.toString(), "read-only", "evercreds.native.tmpdir");
    }

    @Test
    public void a_temporary_folder_that_is_not_there() {
        Path missing = folder.resolve("missing");
        fails(child -> child.property("evercreds.native.tmpdir", missing), missing.toString(), "there is no such folder", "evercreds.native.tmpdir");
    }

    /** Where nothing but the source is pinned, the SDK's provider of that source serves, and no other identity. */
    @Test
    public void a_pinned_instance_profile_is_served_by_the_sdks_own_instance_profile_provider() {
        try (Simulator simulator = Simulator.start()) {
            World world = simulator.world("{'imds':['it']}");
            for (String sdk : new String[] {"v1", "v2"}) {
                ChildJvm.Ended ended = child(sdk, "instanceProfile").property("evercreds.native.path", folder.resolve("nothing.so"))
                        .property("aws.ec2MetadataServiceEndpoint", world.imds("it"))
                        .property("com.amazonaws.sdk.ec2MetadataServiceEndpointOverride", world.imds("it")).run();
                assertEquals(ended.output, 2, ended.lines("KEY").stream().filter(key -> key.startsWith("ASIA")).count());
                assertEquals(ended.output, 1, warnings(ended).size());
            }
        }
    }

    @Test
    public void the_kill_switch_by_property_leaves_everything_to_the_sdk() {
        switchedOff(child -> child.property("evercreds.mode", "off"));
    }

    @Test
    public void the_kill_switch_by_variable_leaves_everything_to_the_sdk() {
        switchedOff(child -> child.variable("EVERCREDS_MODE", "off"));
    }

    private void switchedOff(UnaryOperator<ChildJvm> how) {
        for (String sdk : new String[] {"v1", "v2"}) {
            ChildJvm.Ended ended = how.apply(child(sdk, "default")).run();
            assertEquals(ended.output, Arrays.asList(KEY, KEY), ended.lines("KEY"));
            assertEquals(ended.output, Arrays.asList("absent"), ended.lines("LIBRARY"));
            assertEquals(ended.output, Arrays.asList("0"), ended.lines("ALIVE"));
            assertEquals(ended.output, 0, warnings(ended).size());
        }
        ChildJvm.Ended pinned = how.apply(child("v2", "expectRole")).run();
        refused(pinned, "software.amazon.awssdk.core.exception.SdkClientException", "evercreds.mode");
        ChildJvm.Ended core = how.apply(child("core", "default")).run();
        refused(core, "io.github.evercreds.EvercredsException", "evercreds.mode");
    }

    private static ChildJvm child(String who, String how) {
        return new ChildJvm(NativeFailureChild.class, who, how).property("aws.accessKeyId", KEY)
                .property("aws.secretAccessKey", "thePropertiesSecret").property("aws.secretKey", "thePropertiesSecret");
    }

    private void fails(UnaryOperator<ChildJvm> how, String... words) {
        // Five JVMs, side by side: a start is mostly waiting for files.
        Map<String, ChildJvm.Ended> ended = Stream.of("v1 default", "v2 default", "v1 expectRole", "v2 fail", "core default").parallel()
                .collect(Collectors.toConcurrentMap(Function.identity(), kind -> how.apply(child(kind.split(" ")[0], kind.split(" ")[1])).run()));
        for (String sdk : new String[] {"v1", "v2"}) {
            ChildJvm.Ended served = ended.get(sdk + " default");
            assertEquals(served.output, Arrays.asList(KEY, KEY), served.lines("KEY"));
            assertEquals(served.output, 1, warnings(served).size());
            for (String word : words) {
                assertTrue("the warning does not say \"" + word + "\": " + served.output, warnings(served).get(0).contains(word));
            }
            assertEquals(served.output, Arrays.asList("0"), served.lines("ALIVE"));
        }
        refused(ended.get("v1 expectRole"), "com.amazonaws.SdkClientException", words);
        refused(ended.get("v2 fail"), "software.amazon.awssdk.core.exception.SdkClientException", words);
        refused(ended.get("core default"), "io.github.evercreds.", words);
    }

    private static void refused(ChildJvm.Ended ended, String type, String... words) {
        assertEquals(ended.output, 0, ended.exitCode);
        assertEquals(ended.output, 0, ended.lines("KEY").size());
        assertEquals(ended.output, 2, ended.lines("THROWN").size());
        for (String thrown : ended.lines("THROWN")) {
            assertTrue(ended.output, thrown.startsWith(type));
            for (String word : words) {
                assertTrue("the exception does not say \"" + word + "\": " + ended.output, thrown.contains(word));
            }
        }
        if (words.length > 1) {
            assertTrue("no attempt is suppressed in it: " + ended.output, !ended.lines("SUPPRESSED").isEmpty());
        }
        assertTrue(ended.output, !ended.output.contains("thePropertiesSecret"));
    }

    private static List<String> warnings(ChildJvm.Ended ended) {
        assertEquals(ended.output, 0, ended.exitCode);
        assertTrue(ended.output, !ended.output.contains("thePropertiesSecret"));
        return ended.lines("LOG").stream().filter(line -> line.startsWith("WARNING") || line.startsWith("SEVERE")).collect(Collectors.toList());
    }

    private static Path library() throws IOException {
        try (Stream<Path> files = Files.walk(Paths.get("build/native").toAbsolutePath())) {
            return files.filter(file -> file.getFileName().toString().equals(System.mapLibraryName("evercreds"))).findFirst()
                    .orElseThrow(() -> new IllegalStateException("no library in build/native"));
        }
    }

    private Path compiled(String c) throws Exception {
        Path source = Files.write(folder.resolve("other.c"), c.getBytes(StandardCharsets.US_ASCII));
        Path library = folder.resolve("other.so");
        Process cc;
        try {
            cc = new ProcessBuilder("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString()).inheritIO().start();
        } catch (IOException none) {
            assumeTrue("a C compiler is needed: " + none.getMessage(), false);
            return null;
        }
        assertTrue(cc.waitFor(60, TimeUnit.SECONDS) && cc.exitValue() == 0);
        return library;
    }

    /** A command in whose mount namespace the folder is a file system with that option; skips the test where this is not allowed. */
    private String[] mounted(String option) throws Exception {
        String script = "mount -t tmpfs -o " + option + " tmpfs \"$0\" && exec \"$@\"";
        String[] command = {"unshare", "--mount", "sh", "-c", script, folder.toString()};
        String[] trial = Arrays.copyOf(command, command.length + 1);
        trial[command.length] = "true";
        try {
            Process tried = new ProcessBuilder(trial).redirectErrorStream(true).redirectOutput(folder.resolve("trial").toFile()).start();
            boolean works = tried.waitFor(20, TimeUnit.SECONDS) && tried.exitValue() == 0;
            assumeTrue("mounting needs root, and was refused: " + new String(Files.readAllBytes(folder.resolve("trial")), StandardCharsets.UTF_8), works);
        } catch (IOException none) {
            assumeTrue("mounting needs unshare: " + none.getMessage(), false);
        }
        return command;
    }
}
