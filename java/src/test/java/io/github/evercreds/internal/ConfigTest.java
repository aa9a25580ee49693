// What crosses the boundary as JSON, and what makes two configurations equal.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.evercreds.Order;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
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
        s.source(Settings.Source.INSTANCE_PROFILE);
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
