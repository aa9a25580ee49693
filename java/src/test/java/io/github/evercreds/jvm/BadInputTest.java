// What does the public API say to null, to illegal values and to addresses where no IMDS is?
package io.github.evercreds.jvm;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import io.github.evercreds.AssumeRole;
import io.github.evercreds.EvercredsException;
import io.github.evercreds.InstanceProfile;
import io.github.evercreds.NativeFailure;
import io.github.evercreds.Order;
import io.github.evercreds.Phase;
import io.github.evercreds.ProviderBuilder;
import io.github.evercreds.Refresher;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Snapshot;
import io.github.evercreds.Source;
import io.github.evercreds.WebIdentity;
import io.github.evercreds.scenario.Simulator;
import io.github.evercreds.scenario.World;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.AfterClass;
import org.junit.BeforeClass;
import org.junit.Test;

/** Every public method by reflection with null, every option with values out of its range, every kind of wrong endpoint. */
public class BadInputTest {
    /** Parameters that may be null, by declaration: the class, the method, the number. */
    private static final Set<String> MAY_BE_NULL = new HashSet<>(Arrays.asList(
            "Snapshot.new#2", "Snapshot.new#3", "Snapshot.new#4", "Snapshot.new#6",
            "EvercredsException.new#0", "EvercredsException.new#1", "EvercredsCredentialsProvider.resolveIdentity#0"));

    private static Simulator simulator;
    private static World world;

    @BeforeClass
    public static void start() {
        simulator = Simulator.start();
        world = simulator.world("{'imds':['it']}");
    }

    @AfterClass
    public static void stop() {
        simulator.close();
        Refresher.shutdownAll();
    }

    // ---- null -------------------------------------------------------------------------------------------------------

    @Test
    public void null_is_refused_by_the_name_of_the_parameter() throws Exception {
        Map<Class<?>, Supplier<Object>> objects = objects();
        List<String> wrong = new ArrayList<>();
        int tried = 0;
        for (Class<?> type : publicClasses()) {
            List<Executable> all = new ArrayList<>(Arrays.asList(type.getConstructors()));
            Arrays.stream(type.getMethods()).filter(m -> m.getDeclaringClass().getName().startsWith("io.github.evercreds") && !m.isBridge()).forEach(all::add);
            for (Executable executable : all) {
                for (int i = 0; i < executable.getParameterCount(); i++) {
                    String name = type.getSimpleName() + "." + (executable instanceof Method ? executable.getName() : "new") + "#" + i;
                    if (executable.getParameterTypes()[i].isPrimitive() || MAY_BE_NULL.contains(name) || executable.getName().equals("equals")
                            || type.isEnum() || RefresherListener.class.isAssignableFrom(type) || Modifier.isAbstract(type.getModifiers())) {
                        continue;
                    }
                    tried++;
                    String said = sayToNull(executable, i, objects.get(type));
                    boolean named = executable instanceof Method && executable.getParameterCount() == 1 && type.getSimpleName().equals("Builder")
                            ? said.startsWith("NullPointerException " + executable.getName() + " must not be null")
                            : said.matches("(?s)(NullPointerException|IllegalArgumentException) [a-z][A-Za-z]+ must not be null.*");
                    if (!named) {
                        wrong.add(type.getName() + "." + name + ": " + said);
                    }
                }
            }
        }
        assertEquals(Collections.emptyList(), wrong);
        assertTrue("there are public methods: " + tried, tried > 30);
    }

    private static String sayToNull(Executable executable, int which, Supplier<Object> object) throws ReflectiveOperationException {
        Object[] arguments = new Object[executable.getParameterCount()];
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = i == which ? null : valueOf(executable.getParameterTypes()[i]);
        }
        try {
            if (executable instanceof Method) {
                ((Method) executable).invoke(Modifier.isStatic(executable.getModifiers()) ? null : object.get(), arguments);
            } else {
                ((java.lang.reflect.Constructor<?>) executable).newInstance(arguments);
            }
            return "nothing was thrown";
        } catch (InvocationTargetException thrown) {
            return thrown.getCause().getClass().getSimpleName() + " " + thrown.getCause().getMessage();
        }
    }

    private static Object valueOf(Class<?> type) {
        Map<Class<?>, Object> values = new HashMap<>();
        values.put(String.class, "text");
        values.put(Instant.class, Instant.EPOCH);
        values.put(Duration.class, Duration.ofSeconds(10));
        values.put(Phase.class, Phase.FRESH);
        values.put(Order.class, Order.V1);
        values.put(NativeFailure.class, NativeFailure.FAIL);
        values.put(URI.class, URI.create("http://127.0.0.1:1"));
        values.put(Path.class, Paths.get("token"));
        values.put(Source.class, Source.container());
        values.put(InstanceProfile.class, InstanceProfile.builder().build());
        values.put(WebIdentity.class, WebIdentity.builder().build());
        values.put(AssumeRole.class, AssumeRole.builder().roleArn("arn:aws:iam::123456789012:role/app").build());
        values.put(int.class, 0);
        values.put(long.class, 0L);
        values.put(boolean.class, false);
        return values.get(type);
    }

    private static Map<Class<?>, Supplier<Object>> objects() {
        URI imds = world.imds("it");
        Map<Class<?>, Supplier<Object>> objects = new HashMap<>();
        objects.put(Refresher.class, () -> Refresher.builder().instanceProfile().endpoint(imds).build());
        objects.put(io.github.evercreds.v1.EvercredsCredentialsProvider.class,
                () -> io.github.evercreds.v1.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(imds).build());
        objects.put(io.github.evercreds.v2.EvercredsCredentialsProvider.class,
                () -> io.github.evercreds.v2.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(imds).build());
        objects.put(Refresher.Builder.class, Refresher::builder);
        objects.put(io.github.evercreds.v1.EvercredsCredentialsProvider.Builder.class, io.github.evercreds.v1.EvercredsCredentialsProvider::builder);
        objects.put(io.github.evercreds.v2.EvercredsCredentialsProvider.Builder.class, io.github.evercreds.v2.EvercredsCredentialsProvider::builder);
        objects.put(InstanceProfile.Builder.class, InstanceProfile::builder);
        objects.put(WebIdentity.Builder.class, WebIdentity::builder);
        objects.put(AssumeRole.Builder.class, AssumeRole::builder);
        return objects;
    }

    /** From the class files themselves, so that no class that is added is forgotten. */
    private static List<Class<?>> publicClasses() throws Exception {
        List<Class<?>> found = new ArrayList<>();
        for (Class<?> one : Arrays.<Class<?>>asList(Refresher.class, io.github.evercreds.v1.EvercredsCredentialsProvider.class,
                io.github.evercreds.v2.EvercredsCredentialsProvider.class)) {
            Path root = Paths.get(one.getProtectionDomain().getCodeSource().getLocation().toURI());
            try (Stream<Path> files = Files.walk(root)) {
                Set<String> names = files.map(file -> root.relativize(file).toString()).filter(n -> n.endsWith(".class") && !n.contains("internal") && !n.contains("cli"))
                        .map(n -> n.substring(0, n.length() - 6).replace('/', '.')).filter(n -> !n.endsWith("package-info")).collect(Collectors.toCollection(TreeSet::new));
                for (String name : names) {
                    Class<?> type = Class.forName(name);
                    if (Modifier.isPublic(type.getModifiers())) {
                        found.add(type);
                    }
                }
            }
        }
        assertTrue(found.toString(), found.size() >= 15);
        return found;
    }

    // ---- illegal values ---------------------------------------------------------------------------------------------

    private static Map<String, Consumer<ProviderBuilder<?>>> illegal() {
        Map<String, Consumer<ProviderBuilder<?>>> all = new LinkedHashMap<>();
        all.put("advisoryWindow 1", b -> b.advisoryWindow(Duration.ZERO));
        all.put("advisoryWindow 2", b -> b.advisoryWindow(Duration.ofSeconds(-5)));
        all.put("advisoryWindow 3", b -> b.advisoryWindow(Duration.ofHours(13)));
        all.put("advisoryWindow 4", b -> b.advisoryWindow(Duration.ofSeconds(Long.MAX_VALUE)));
        all.put("maxStale 1", b -> b.maxStale(Duration.ofNanos(-1)));
        all.put("maxStale 2", b -> b.maxStale(Duration.ofDays(366)));
        all.put("firstReadTimeout 1", b -> b.firstReadTimeout(Duration.ofMillis(-1)));
        all.put("firstReadTimeout 2", b -> b.firstReadTimeout(Duration.ofMinutes(11)));
        for (String name : new String[] {"", "a role", "arn:aws:iam::123456789012:role/app", "r\n", "\u0000", "r\u00f6le", new String(new char[65]).replace('\0', 'a')}) {
            all.put("expectRole " + name, b -> b.expectRole(name));
            all.put("roleName " + name, b -> b.instanceProfile().roleName(name));
        }
        all.put("label 1", b -> b.label(""));
        all.put("label 2", b -> b.label("two\nlines"));
        all.put("label 3", b -> b.label(new String(new char[101]).replace('\0', 'a')));
        for (String uri : new String[] {"ftp://host/", "https://host/", "host", "/path", "http:///path", "http://host/?q=1", "http://host/#f", "http://me:pass@host/", "file:/etc/passwd", ""}) {
            all.put("endpoint " + uri, b -> b.instanceProfile().endpoint(URI.create(uri)));
        }
        all.put("source 1", b -> b.instanceProfile().systemProperties());
        all.put("source 2", b -> b.environmentVariables().instanceProfile());
        all.put("source 3", b -> b.profile("a").webIdentity());
        all.put("source 4", b -> b.assumeRole("arn:aws:iam::123456789012:role/a").assumeRole("arn:aws:iam::123456789012:role/b"));
        all.put("source 5", b -> b.source(Source.defaultChain()).container());
        all.put("assumeRole 1", b -> b.assumeRole("app"));
        all.put("profile 1", b -> b.profile(""));
        all.put("process 1", b -> b.process(" "));
        all.put("roleName twice", b -> b.source(Source.instanceProfile(InstanceProfile.builder().roleName("a").build())).roleName("b"));
        all.put("endpoint without a source", b -> b.endpoint(URI.create("http://127.0.0.1:1")));
        all.put("roleName without a source", b -> b.roleName("app"));
        all.put("endpoint with another source", b -> b.systemProperties().endpoint(URI.create("http://127.0.0.1:1")));
        return all;
    }

    @Test
    public void an_illegal_value_is_refused_by_the_name_of_the_option() {
        List<String> wrong = new ArrayList<>();
        for (Map.Entry<String, Consumer<ProviderBuilder<?>>> one : illegal().entrySet()) {
            String option = one.getKey().split(" ")[0];
            refuses(one.getKey(), option, () -> {
                Refresher.Builder builder = Refresher.builder();
                one.getValue().accept(builder);
                builder.build().close();
            }, wrong);
            refuses(one.getKey() + " on v1", option, () -> {
                io.github.evercreds.v1.EvercredsCredentialsProvider.Builder builder = io.github.evercreds.v1.EvercredsCredentialsProvider.builder();
                one.getValue().accept(builder);
                builder.build();
            }, wrong);
            refuses(one.getKey() + " on v2", option, () -> {
                io.github.evercreds.v2.EvercredsCredentialsProvider.Builder builder = io.github.evercreds.v2.EvercredsCredentialsProvider.builder();
                one.getValue().accept(builder);
                builder.build();
            }, wrong);
        }
        assertEquals(Collections.emptyList(), wrong);
    }

    private static void refuses(String what, String option, Runnable illegal, List<String> wrong) {
        try {
            illegal.run();
            wrong.add(what + ": nothing was thrown");
        } catch (IllegalArgumentException refused) {
            String said = String.valueOf(refused.getMessage());
            if (!said.startsWith(option) || !said.contains("allowed") && !said.contains("name one source") || said.contains("pass@")) {
                wrong.add(what + ": " + said);
            }
        } catch (RuntimeException other) {
            wrong.add(what + ": " + other);
        }
    }

    @Test
    public void a_minimum_of_life_out_of_range_is_refused() {
        try (Refresher refresher = Refresher.builder().instanceProfile().endpoint(world.imds("it")).build()) {
            for (Duration d : new Duration[] {Duration.ofSeconds(-1), Duration.ofHours(12).plusMillis(1), Duration.ofSeconds(Long.MAX_VALUE)}) {
                try {
                    refresher.credentials(d);
                    fail(d + " was taken");
                } catch (IllegalArgumentException refused) {
                    assertTrue(refused.getMessage(), refused.getMessage().startsWith("minRemaining: " + d));
                }
            }
        }
    }

    @Test
    public void a_key_that_nobody_holds_can_be_invalidated_and_nothing_comes_of_it() {
        try (Refresher refresher = Refresher.builder().instanceProfile().endpoint(world.imds("it")).build()) {
            Snapshot before = refresher.credentials();
            for (String key : new String[] {"", "AKIDOFNOBODY", "\u0000", "\ud800", new String(new char[100_000]).replace('\0', 'x')}) {
                refresher.invalidate(key);
            }
            assertEquals(before.accessKeyId(), refresher.credentials().accessKeyId());
            assertFalse(refresher.status().rejected());
        }
    }

    @Test
    public void an_illegal_property_is_refused_by_its_name_and_what_is_allowed() {
        Map<String, String> illegal = new LinkedHashMap<>();
        illegal.put("aws.ec2MetadataServiceEndpointMode", "IPv9");
        illegal.put("aws.ec2MetadataServiceTimeout", "soon");
        illegal.put("aws.ec2MetadataServiceEndpoint", "not an address");
        List<String> wrong = new ArrayList<>();
        for (Map.Entry<String, String> one : illegal.entrySet()) {
            System.setProperty(one.getKey(), one.getValue());
            try (Refresher refresher = Refresher.builder().instanceProfile().firstReadTimeout(Duration.ofSeconds(2)).build()) {
                refresher.credentials();
                wrong.add(one + ": nothing was thrown");
            } catch (IllegalArgumentException | EvercredsException refused) {
                String said = refused.getMessage();
                if (!said.contains(one.getKey()) || !said.contains("allowed") && !said.contains("needed")) {
                    wrong.add(one + ": " + refused);
                }
            } finally {
                System.clearProperty(one.getKey());
            }
        }
        assertEquals(Collections.emptyList(), wrong);
    }

    // ---- a wrong endpoint ---------------------------------------------------------------------------------------------

    @Test
    public void nobody_listens() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            port = free.getLocalPort();
        }
        fails(URI.create("http://127.0.0.1:" + port), "connection refused", "may this process reach");
    }

    @Test
    public void a_host_that_has_no_address() {
        fails(URI.create("http://no-such-host.invalid"), "cannot be resolved", "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    }

    @Test
    public void a_web_server_that_is_not_imds() {
        World other = simulator.world("{'imds':['it']}");
        other.perform("{'action':'status','code':200,'body':'<!DOCTYPE html><html><body>welcome</body></html>'}");
        fails(other.imds("it"), "", "instance metadata service and not something else");
    }

    @Test
    public void a_server_that_does_not_speak_http() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 8, InetAddress.getByName("127.0.0.1"))) {
            Thread greeting = new Thread(() -> {
                while (!server.isClosed()) {
                    try (Socket socket = server.accept(); OutputStream out = socket.getOutputStream()) {
                        out.write("220 mail.example.com ESMTP\r\n".getBytes(StandardCharsets.US_ASCII));
                    } catch (IOException closed) {
                        // the client went, or the test is over
                    }
                }
            });
            greeting.setDaemon(true);
            greeting.start();
            fails(URI.create("http://127.0.0.1:" + server.getLocalPort()), "", "instance metadata service and not something else");
        }
    }

    /** Each kind of provider throws its own type: what was asked, of whom, what came back, what to do; and the status says the same. */
    private static void fails(URI endpoint, String cameBack, String fix) {
        Duration patience = Duration.ofMillis(700);
        try (Refresher core = Refresher.builder().instanceProfile().endpoint(endpoint).firstReadTimeout(patience).build()) {
            thrown(core::credentials, EvercredsException.class, endpoint, cameBack, fix);
            assertTrue(core.status().toString(), core.status().lastErrorFix().orElse("").contains(fix));
        }
        thrown(io.github.evercreds.v1.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(endpoint).firstReadTimeout(patience).build()::getCredentials,
                com.amazonaws.SdkClientException.class, endpoint, cameBack, fix);
        thrown(io.github.evercreds.v2.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(endpoint).firstReadTimeout(patience).build()::resolveCredentials,
                software.amazon.awssdk.core.exception.SdkClientException.class, endpoint, cameBack, fix);
    }

    private static void thrown(Supplier<Object> reading, Class<? extends RuntimeException> type, URI endpoint, String cameBack, String fix) {
        long begun = System.nanoTime();
        try {
            fail("credentials from " + endpoint + ": " + reading.get());
        } catch (RuntimeException failed) {
            assertEquals(failed.toString(), type, failed.getClass());
            for (String part : new String[] {endpoint.getAuthority(), cameBack, fix}) {
                assertTrue("it does not say \"" + part + "\": " + failed.getMessage(), failed.getMessage().contains(part));
            }
        }
        assertTrue("it took too long", System.nanoTime() - begun < Duration.ofSeconds(10).toNanos());
    }
}
