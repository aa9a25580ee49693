// One configuration as the engine gets it, and the key under which equal configurations share one cell.
package io.github.evercreds.internal;

import io.github.evercreds.Order;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;

/** What the engine is opened with: the builder's settings and the process's inputs. Immutable. */
final class Config {
    private final Settings settings;
    /** What variables and properties were. */
    final SystemInputs inputs;
    /** SHA-256 of the bytes, in hexadecimal. */
    final String key;
    final String label;

    Config(Settings settings, SystemInputs inputs) {
        this.settings = settings.withoutListener();
        this.inputs = inputs;
        this.label = settings.label();
        byte[] bytes = toBytes();
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            StringBuilder hex = new StringBuilder();
            for (byte b : digest) {
                hex.append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
            }
            this.key = hex.toString();
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-256", impossible);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** The same with other variables and properties. */
    Config with(SystemInputs now) {
        return new Config(settings, now);
    }

    /** The UTF-8 JSON for {@code Native.open}. It may hold secrets: the caller wipes it. */
    byte[] toBytes() {
        JsonWriter json = new JsonWriter().beginObject()
                .field("version", 1)
                .field("label", label)
                .field("order", settings.order() == Order.V1 ? "v1" : "v2")
                .name("source");
        SourceJson.write(json, settings.source());
        json.field("fallThrough", settings.fallThrough())
                .name("policy").beginObject();
        millis(json, "advisoryWindowMillis", settings.advisoryWindow());
        millis(json, "maxStaleMillis", settings.maxStale());
        json.field("expectRole", settings.expectRole()).endObject()
                .field("environment", inputs.environment)
                .field("properties", inputs.properties)
                .endObject();
        return json.toBytesAndWipe();
    }

    private static void millis(JsonWriter json, String name, Duration value) {
        if (value == null) {
            json.field(name, (String) null);
        } else {
            json.field(name, value.toMillis());
        }
    }
}
