// Every source that is not the instance alone, through the real JVM: real v1 and v2 SQS clients, the strict simulator.
package io.github.evercreds.scenario;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;
import static org.junit.Assume.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.evercreds.AssumeRole;
import io.github.evercreds.InstanceProfile;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Source;
import io.github.evercreds.WebIdentity;
import io.github.evercreds.v2.EvercredsCredentialsProvider;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.Test;

/**
 * Sets that live 24 seconds, an outage and garbage across their refreshes (short ones, for a remote service is asked again
 * at a pace that is meant for sets of a quarter of an hour and more): no call fails, and the keys change. Then a denial,
 * which the status tells with its fix, and its end. All sources at once, each in a world of its own.
 */
public class SourcesTest {
    private static final String SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYdeploy";
    private static final String WORLD = "{'imds':['v1','v2','base'],'role':{'lifetime_s':24,'renew_before_s':10},"
            + "'users':[{'name':'deploy','access_key_id':'AKIAIOSFODNN7DEPLOY1','secret_access_key':'" + SECRET + "'}],"
            + "'sts_roles':[{'role':'app','session_lifetime_s':24,'web_identity':{}},{'role':'last','session_lifetime_s':24}],"
            + "'sso':{'credentials_lifetime_s':24}}";
    private static final int SECONDS = 36;
    private static final int PATIENCE_SECONDS = 60;

    private final Capture capture = Capture.begin();

    /** One source and what happens to it. */
    private static final class Story {
        final String name;
        final World world;
        final Source source;
        /** The service whose faults count; null if the provider asks none. */
        final String listener;
        /** Actions that deny and that end it, and what the error says; null if there is nobody who could deny. */
        String deny;
        String restore;
        String says;
        /** Done each second. */
        Callable<Void> eachSecond = () -> null;

        Story(String name, World world, Source source, String listener) {
            this.name = name;
            this.world = world;
            this.source = source;
            this.listener = listener;
        }

        Story denied(String how, String end, String words) {
            deny = how;
            restore = end;
            says = words;
            return this;
        }
    }

    private static AssumeRole.Builder role(World world, String name) {
        return AssumeRole.builder().roleArn("arn:aws:iam::123456789012:role/" + name).endpoint(world.service("sts")).region("us-east-1");
    }

    private static Source instance(URI imds) {
        return Source.instanceProfile(InstanceProfile.builder().endpoint(imds).build());
    }

    private static Story overTheInstance(Simulator simulator) {
        World world = simulator.world(WORLD);
        Source source = Source.assumeRole(role(world, "app").source(instance(world.imds("base"))).build());
        return new Story("a role over the instance's", world, source, "sts")
                .denied("{'action':'deny_role','role':'app'}", "{'action':'restore_role','role':'app'}", "AccessDenied");
    }

    private static Story overAProcess(Simulator simulator) {
        World world = simulator.world(WORLD);
        String command = "echo '{\"Version\":1,\"AccessKeyId\":\"AKIAIOSFODNN7DEPLOY1\",\"SecretAccessKey\":\"" + SECRET + "\"}'";
        Source first = Source.assumeRole(role(world, "app").source(Source.process(command)).build());
        return new Story("a role over a role over a process", world, Source.assumeRole(role(world, "last").source(first).build()), "sts")
                .denied("{'action':'deny_role','role':'last'}", "{'action':'restore_role','role':'last'}", "AccessDenied");
    }

    private static Story webIdentity(Simulator simulator, Path folder) throws IOException {
        World world = simulator.world(WORLD);
        Path file = folder.resolve("token");
        Files.write(file, world.signIn("web-identity-token", "{}").get("token").asText().getBytes(StandardCharsets.UTF_8));
        WebIdentity identity = WebIdentity.builder().roleArn("arn:aws:iam::123456789012:role/app").tokenFile(file)
                .endpoint(world.service("sts")).region("us-east-1").build();
        return new Story("a web identity", world, Source.webIdentity(identity), "sts")
                .denied("{'action':'deny_role','role':'app'}", "{'action':'restore_role','role':'app'}", "AccessDenied");
    }

    /** SDK v1 looks for the files in the JVM's home, SDK v2 where this property says. */
    private static Path config() {
        // It is overwritten and deleted: where the build starts this JVM, that is a folder of its own.
        assumeTrue("the JVM's home is the build's", System.getProperty("user.home").contains("test-results"));
        return Paths.get(System.getProperty("user.home"), ".aws", "config");
    }

    private static Story sso(Simulator simulator, StringBuilder config) throws IOException {
        World world = simulator.world(WORLD);
        JsonNode login = world.signIn("sso-login", "{'session':'corp'}");
        for (String home : Arrays.asList(System.getProperty("user.home"), String.valueOf(System.getenv("HOME")))) {
            Path cache = Paths.get(home, ".aws", "sso", "cache", login.get("file_name").asText());
            Files.createDirectories(cache.getParent());
            Files.write(cache, Simulator.JSON.writeValueAsBytes(login.get("token")));
            cache.toFile().deleteOnExit();
        }
        config.append("[profile sso]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = sso-role\n")
                .append("services = local\n[services local]\nsso =\n  endpoint_url = ").append(world.service("sso"))
                .append("\nsso_oidc =\n  endpoint_url = ").append(world.service("oidc"))
                .append("\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = ").append(login.get("token").get("startUrl").asText()).append("\n");
        return new Story("an SSO session", world, Source.profile("sso"), "sso");
    }

    /** The case that began it all: some tool writes temporary keys into a profile. */
    private static Story rewritten(Simulator simulator, StringBuilder config) throws IOException {
        World world = simulator.world(WORLD);
        String before = config.toString();
        Supplier<String> keys = () -> {
            String base = world.imds("base") + "/latest/meta-data/iam/security-credentials/";
            JsonNode set = get(base + new String(bytes(base), StandardCharsets.UTF_8));
            return "[profile rewritten]\naws_access_key_id = " + set.get("AccessKeyId").asText() + "\naws_secret_access_key = "
                    + set.get("SecretAccessKey").asText() + "\naws_session_token = " + set.get("Token").asText() + "\n";
        };
        write(before + keys.get());
        Story story = new Story("keys that a tool rewrites", world, Source.profile("rewritten"), null);
        String[] last = {""};
        story.eachSecond = () -> {
            String now = keys.get();
            if (!now.equals(last[0])) {
                last[0] = now;
                write(before + now);
            }
            return null;
        };
        return story;
    }

    private static void write(String text) throws IOException {
        Path beside = config().resolveSibling("config.new");
        Files.createDirectories(beside.getParent());
        Files.write(beside, text.getBytes(StandardCharsets.UTF_8));
        Files.move(beside, config(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static byte[] bytes(String url) {
        try (java.io.InputStream in = URI.create(url).toURL().openConnection(java.net.Proxy.NO_PROXY).getInputStream();
             java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream()) {
            byte[] chunk = new byte[4096];
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                out.write(chunk, 0, n);
            }
            return out.toByteArray();
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    private static JsonNode get(String url) {
        try {
            return Simulator.JSON.readTree(bytes(url));
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    @Test
    public void every_source_lives_through_outages_and_tells_of_a_denial() throws Exception {
        Path folder = Files.createTempDirectory("sources");
        ExecutorService threads = Executors.newCachedThreadPool();
        List<String> wrong = Collections.synchronizedList(new ArrayList<>());
        try (Simulator simulator = Simulator.start()) {
            StringBuilder config = new StringBuilder();
            List<Story> stories = Arrays.asList(overTheInstance(simulator), overAProcess(simulator), webIdentity(simulator, folder),
                    sso(simulator, config), rewritten(simulator, config));
            System.setProperty("aws.configFile", config().toString());
            List<Future<?>> running = new ArrayList<>();
            for (Story story : stories) {
                running.add(threads.submit(() -> play(story, threads, wrong)));
            }
            for (Future<?> one : running) {
                one.get();
            }
            for (Story story : stories) {
                capture.said(story.world.secrets()).forEach(text -> wrong.add(story.name + ": a secret was said: " + text));
            }
        } finally {
            System.clearProperty("aws.configFile");
            Files.deleteIfExists(config());
            threads.shutdownNow();
        }
        assertEquals(Collections.emptyList(), wrong);
    }

    private Void play(Story story, ExecutorService threads, List<String> wrong) throws Exception {
        List<SqsClientUnderTest> clients = Arrays.asList(new V1Client(story.world), new V2Client(story.world));
        List<Future<?>> beats = new ArrayList<>();
        for (SqsClientUnderTest client : clients) {
            client.start(Scenario.Provider.of(story.source), null, story.name + "/" + client.sdk(), new RefresherListener() { });
            beats.add(threads.submit(() -> beat(story, client, wrong)));
        }
        for (int second = 0; second < SECONDS; second++) {
            if (second == 10 && story.listener != null) {
                story.world.perform("{'action':'refuse','listeners':['" + story.listener + "'],'for_s':3}");
            }
            if (second == 24 && story.listener != null) {
                story.world.perform("{'action':'garbage','listeners':['" + story.listener + "'],'for_s':2}");
            }
            story.eachSecond.call();
            TimeUnit.SECONDS.sleep(1);
        }
        for (Future<?> beat : beats) {
            beat.get();
        }
        if (story.deny != null) {
            story.world.perform(story.deny);
            for (SqsClientUnderTest client : clients) {
                until(story, client, wrong, "the denial is told", text -> text.contains(story.says) && text.contains("trust"));
                send(story, client, wrong, "while the role is denied, and what is held still lives");
            }
            story.world.perform(story.restore);
            for (SqsClientUnderTest client : clients) {
                until(story, client, wrong, "the denial is over", String::isEmpty);
            }
        }
        for (SqsClientUnderTest client : clients) {
            for (Object object : client.objects()) {
                capture.note(object);
            }
            client.close();
        }
        return null;
    }

    private void until(Story story, SqsClientUnderTest client, List<String> wrong, String what, java.util.function.Predicate<String> reached) throws InterruptedException {
        String text = "";
        for (int i = 0; i < PATIENCE_SECONDS * 4; i++) {
            text = client.status().lastError().map(error -> error + " " + client.status().lastErrorFix().orElse("")).orElse("");
            capture.note(text);
            if (reached.test(text)) {
                return;
            }
            if (i % 44 == 0) {
                client.refresh();       // as somebody would who has just mended it
            }
            TimeUnit.MILLISECONDS.sleep(250);
        }
        wrong.add(story.name + "/" + client.sdk() + ": not reached: " + what + "; the last error: " + text);
    }

    private void send(Story story, SqsClientUnderTest client, List<String> wrong, String when) {
        try {
            client.send();
        } catch (RuntimeException failed) {
            capture.note(story.name, failed);
            wrong.add(story.name + "/" + client.sdk() + " " + when + ": " + failed);
        }
    }

    /**
     * The claim of the default chain: what is declared is never replaced by the node's role. SDK v2's, because that one knows
     * properties for a web identity, which a test can set.
     */
    @Test
    public void a_declared_web_identity_never_becomes_the_node() throws Exception {
        Path file = Files.createTempFile("token", "");
        try (Simulator simulator = Simulator.start(); World world = simulator.world(WORLD)) {
            Files.write(file, world.signIn("web-identity-token", "{}").get("token").asText().getBytes(StandardCharsets.UTF_8));
            String[] set = {"aws.webIdentityTokenFile", file.toString(), "aws.roleArn", "arn:aws:iam::123456789012:role/app", "aws.region", "us-east-1",
                "aws.endpointUrlSts", world.service("sts").toString(), "aws.ec2MetadataServiceEndpoint", world.imds("v2").toString()};
            for (int i = 0; i < set.length; i += 2) {
                System.setProperty(set[i], set[i + 1]);
            }
            try {
                world.perform("{'action':'refuse','listeners':['sts']}");
                V2Client client = new V2Client(world);
                client.start(Scenario.Provider.of(Source.defaultChain()), null, "pinned", new RefresherListener() { });
                for (int i = 0; i < 3; i++) {
                    try {
                        client.send();
                        fail("nobody can sign, and yet it was signed");
                    } catch (RuntimeException expected) {
                        capture.note("pinned", expected);
                        assertEquals("there were no credentials to sign with", "none", client.codeOf(expected));
                    }
                }
                assertEquals("IMDS is up, and is nobody's substitute", 0, imdsAsked(world));
                // The control: asked for, the SDKs' way does end in the node's role.
                EvercredsCredentialsProvider passing = EvercredsCredentialsProvider.builder().fallThrough(true).firstReadTimeout(java.time.Duration.ofSeconds(20)).build();
                assertTrue(passing.status().toString(), passing.resolveCredentials().accessKeyId().startsWith("ASIA"));
                assertTrue(imdsAsked(world) > 0);
                world.perform("{'action':'clear'}");
                boolean back = false;
                for (int i = 0; i < PATIENCE_SECONDS && !back; i++) {
                    try {
                        client.send();
                        back = true;
                    } catch (RuntimeException notYet) {
                        TimeUnit.SECONDS.sleep(1);
                    }
                }
                assertTrue("it is back when STS is", back);
                assertEquals("web identity", client.status().source().orElse("none").split(" arn")[0]);
                assertEquals(Collections.emptyList(), capture.said(world.secrets()));
                client.close();
            } finally {
                for (int i = 0; i < set.length; i += 2) {
                    System.clearProperty(set[i]);
                }
            }
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static int imdsAsked(World world) {
        return (int) world.journal().stream().filter(entry -> entry.service.equals("imds")).count();
    }

    private Void beat(Story story, SqsClientUnderTest client, List<String> wrong) throws InterruptedException {
        Set<String> keys = new LinkedHashSet<>();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        int calls = 0;
        while (System.nanoTime() < end) {
            SqsClientUnderTest.Reading reading = client.newReading();
            try {
                client.send();
                calls++;
            } catch (RuntimeException failed) {
                capture.note(story.name, failed);
                wrong.add(story.name + "/" + client.sdk() + " after " + calls + " calls: " + failed);
            }
            keys.add(reading.key);
            client.status().lastError().ifPresent(capture::note);
            TimeUnit.MILLISECONDS.sleep(400);
        }
        if (keys.size() < 3) {
            wrong.add(story.name + "/" + client.sdk() + ": only the keys " + keys + " in " + SECONDS + " s of sets that live 24");
        }
        return null;
    }
}
