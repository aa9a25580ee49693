// What crosses the boundary as JSON, and what makes two configurations equal.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.evercreds.AssumeRole;
import io.github.evercreds.Order;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Source;
import io.github.evercreds.WebIdentity;
import java.io.IOException;
import java.lang.reflect.Field;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import org.junit.Test;

public class ConfigTest {
    private static final SystemInputs NOTHING = new SystemInputs(Collections.emptyMap(), Collections.emptyMap());

    private static JsonNode parsed(Settings settings, SystemInputs inputs) throws IOException {
        return new ObjectMapper().readTree(new Config(settings, inputs).toBytes());
    }

    @Test
    public void the_default_chain_is_written_field_by_field() {
        assertEquals("{\"version\":1,\"label\":\"default chain\",\"order\":\"v2\",\"source\":{\"type\":\"default\"},\"fallThrough\":false,"
                + "\"policy\":{\"advisoryWindowMillis\":null,\"maxStaleMillis\":null,\"expectRole\":null},\"environment\":{},\"properties\":{}}",
                new String(new Config(new Settings(Order.V2), NOTHING).toBytes(), StandardCharsets.UTF_8));
    }

    @Test
    public void every_setting_arrives() throws IOException {
        Settings s = new Settings(Order.V1);
        s.source(Source.instanceProfile());
        s.endpoint(URI.create("http://127.0.0.1:1338"));
        s.roleName("app-role");
        s.fallThrough(true);
        s.advisoryWindow(Duration.ofMinutes(7));
        s.maxStale(Duration.ofHours(1));
        s.expectRole("app-role");
        s.label("orders");
        JsonNode json = parsed(s, NOTHING);
        assertEquals("v1", json.get("order").asText());
        assertEquals("orders", json.get("label").asText());
        assertEquals("{\"type\":\"instanceProfile\",\"endpoint\":\"http://127.0.0.1:1338\",\"endpointMode\":null,\"roleName\":\"app-role\"}", json.get("source").toString());
        assertEquals("{\"advisoryWindowMillis\":420000,\"maxStaleMillis\":3600000,\"expectRole\":\"app-role\"}", json.get("policy").toString());
        assertEquals(true, json.get("fallThrough").asBoolean());
    }

    private static String written(Source source) throws IOException {
        Settings s = new Settings(Order.V2);
        s.source(source);
        return parsed(s, NOTHING).get("source").toString();
    }

    @Test
    public void the_simple_sources_are_written_by_their_names() throws IOException {
        assertEquals("{\"type\":\"default\"}", written(Source.defaultChain()));
        assertEquals("{\"type\":\"environmentVariables\"}", written(Source.environmentVariables()));
        assertEquals("{\"type\":\"systemProperties\"}", written(Source.systemProperties()));
        assertEquals("{\"type\":\"container\"}", written(Source.container()));
        assertEquals("{\"type\":\"profile\",\"name\":null}", written(Source.profile()));
        assertEquals("{\"type\":\"profile\",\"name\":\"reporting\"}", written(Source.profile("reporting")));
        assertEquals("{\"type\":\"process\",\"command\":\"print \\\"keys\\\"\"}", written(Source.process("print \"keys\"")));
        assertEquals("{\"type\":\"instanceProfile\",\"endpoint\":null,\"endpointMode\":null,\"roleName\":null}", written(Source.instanceProfile()));
        assertEquals("{\"type\":\"webIdentity\",\"roleArn\":null,\"roleSessionName\":null,\"tokenFile\":null,\"durationSeconds\":null,\"policy\":null,"
                + "\"policyArns\":[],\"region\":null,\"endpoint\":null}", written(Source.webIdentity()));
    }

    @Test
    public void all_of_a_web_identity_is_written() throws IOException {
        assertEquals("{\"type\":\"webIdentity\",\"roleArn\":\"arn:aws:iam::123456789012:role/a/app\",\"roleSessionName\":\"me\",\"tokenFile\":\"/var/token\","
                + "\"durationSeconds\":900,\"policy\":\"{}\",\"policyArns\":[\"arn:aws:iam::aws:policy/ReadOnlyAccess\"],\"region\":\"eu-west-1\","
                + "\"endpoint\":\"https://sts.example.com\"}",
                written(Source.webIdentity(WebIdentity.builder().roleArn("arn:aws:iam::123456789012:role/a/app").roleSessionName("me")
                        .tokenFile(Paths.get("/var/token")).duration(Duration.ofMinutes(15)).policy("{}").policyArn("arn:aws:iam::aws:policy/ReadOnlyAccess")
                        .region("eu-west-1").endpoint(URI.create("https://sts.example.com")).build())));
    }

    @Test
    public void all_of_a_role_is_written_and_its_base_in_it() throws IOException {
        AssumeRole inner = AssumeRole.builder().roleArn("arn:aws:iam::123456789012:role/base").build();
        AssumeRole role = AssumeRole.builder().roleArn("arn:aws-cn:iam::210987654321:role/app").roleSessionName("me").externalId("id:1")
                .duration(Duration.ofHours(12)).policy("{}").policyArn("arn:aws:iam::aws:policy/ReadOnlyAccess").tag("team", "a b").tag("cost", "")
                .transitiveTagKey("team").sourceIdentity("alice").region("cn-north-1").endpoint(URI.create("http://127.0.0.1:4566"))
                .source(Source.assumeRole(inner)).build();
        assertEquals("{\"type\":\"assumeRole\",\"roleArn\":\"arn:aws-cn:iam::210987654321:role/app\",\"roleSessionName\":\"me\",\"externalId\":\"id:1\","
                + "\"durationSeconds\":43200,\"policy\":\"{}\",\"policyArns\":[\"arn:aws:iam::aws:policy/ReadOnlyAccess\"],"
                + "\"tags\":[[\"team\",\"a b\"],[\"cost\",\"\"]],\"transitiveTagKeys\":[\"team\"],\"sourceIdentity\":\"alice\",\"region\":\"cn-north-1\","
                + "\"endpoint\":\"http://127.0.0.1:4566\",\"source\":{\"type\":\"assumeRole\",\"roleArn\":\"arn:aws:iam::123456789012:role/base\","
                + "\"roleSessionName\":null,\"externalId\":null,\"durationSeconds\":null,\"policy\":null,\"policyArns\":[],\"tags\":[],"
                + "\"transitiveTagKeys\":[],\"sourceIdentity\":null,\"region\":null,\"endpoint\":null,\"source\":{\"type\":\"default\"}}}",
                written(Source.assumeRole(role)));
    }

    /** Wire up to the engine's own judgement: what Java writes, the engine understands, whether it serves it or not. */
    @Test
    public void the_engine_understands_what_is_written() {
        NativeLoader.load();
        long run = NativeEngine.INSTANCE.claimRun();
        AssumeRole role = AssumeRole.builder().roleArn("arn:aws:iam::123456789012:role/app").externalId("id").duration(Duration.ofHours(1))
                .tag("team", "a").transitiveTagKey("team").region("eu-west-1").source(Source.profile("base")).build();
        WebIdentity token = WebIdentity.builder().roleArn("arn:aws:iam::123456789012:role/app").tokenFile(Paths.get("/var/token"))
                .duration(Duration.ofHours(1)).region("eu-west-1").build();
        for (Source source : new Source[] {Source.defaultChain(), Source.instanceProfile(), Source.environmentVariables(), Source.systemProperties(),
                Source.container(), Source.profile(), Source.profile("a"), Source.process("true"), Source.webIdentity(), Source.webIdentity(token),
                Source.assumeRole("arn:aws:iam::123456789012:role/app"), Source.assumeRole(role)}) {
            Settings s = new Settings(Order.V2);
            s.source(source);
            CredentialsCell cell = new CredentialsCell(new Config(s, NOTHING), Dispatcher.INSTANCE);
            try {
                Native.close(Native.open(run, cell.config().toBytes(), cell));
            } catch (IllegalArgumentException refused) {
                assertFalse(source + ": " + refused.getMessage(), refused.getMessage().startsWith("configuration"));
            }
        }
        Native.stop(run);
    }

    @Test
    public void the_configuration_of_a_cell_holds_nothing_of_the_applications() throws ReflectiveOperationException {
        Settings s = new Settings(Order.V2);
        s.listener(new RefresherListener() { });
        Field field = Config.class.getDeclaredField("settings");
        field.setAccessible(true);
        assertNull(((Settings) field.get(new Config(s, NOTHING))).listener());
    }

    @Test
    public void every_character_survives_the_json() throws IOException {
        StringBuilder all = new StringBuilder();
        for (int c = 0; c < 0x3000; c++) {
            all.append((char) c);
        }
        all.append("\ud83d\ude00 \"quoted\\\" \uffff");
        Map<String, String> env = Collections.singletonMap("AWS_SESSION_TOKEN", all.toString());
        assertEquals(all.toString(), parsed(new Settings(Order.V2), new SystemInputs(env, Collections.emptyMap())).get("environment").get("AWS_SESSION_TOKEN").asText());
    }

    @Test
    public void half_a_surrogate_pair_becomes_the_replacement_character() throws IOException {
        for (String broken : new String[] {"a\ud83d", "a\ude00", "\ud83dx"}) {
            Map<String, String> env = Collections.singletonMap("X", broken);
            String back = parsed(new Settings(Order.V2), new SystemInputs(env, Collections.emptyMap())).get("environment").get("X").asText();
            assertEquals(broken.replace('\ud83d', '\ufffd').replace('\ude00', '\ufffd'), back);
        }
    }

    @Test
    public void equal_configurations_have_equal_keys_whatever_the_order_of_their_maps() {
        Map<String, String> one = new HashMap<>();
        one.put("A", "1");
        one.put("B", "2");
        Map<String, String> two = new java.util.LinkedHashMap<>();
        two.put("B", "2");
        two.put("A", "1");
        assertEquals(new Config(new Settings(Order.V2), new SystemInputs(one, one)).key, new Config(new Settings(Order.V2), new SystemInputs(two, two)).key);
        two.put("A", "3");
        assertNotEquals(new Config(new Settings(Order.V2), new SystemInputs(one, one)).key, new Config(new Settings(Order.V2), new SystemInputs(one, two)).key);
    }
}
