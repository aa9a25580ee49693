// Writes JSON. By hand, because the jar has no runtime dependency and both uses (the configuration for the engine, the
// status) need objects, strings and numbers only.
package io.github.evercreds.internal;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** Writes one JSON text. Fields come out in the order in which they are written. */
public final class JsonWriter {
    private final StringBuilder out = new StringBuilder(512);
    private boolean comma;

    public JsonWriter beginObject() {
        separate();
        out.append('{');
        comma = false;
        return this;
    }

    public JsonWriter endObject() {
        out.append('}');
        comma = true;
        return this;
    }

    public JsonWriter beginArray() {
        separate();
        out.append('[');
        comma = false;
        return this;
    }

    public JsonWriter endArray() {
        out.append(']');
        comma = true;
        return this;
    }

    public JsonWriter name(String name) {
        value(name);
        out.append(':');
        comma = false;
        return this;
    }

    /** A string, or null. */
    public JsonWriter value(String value) {
        separate();
        if (value == null) {
            out.append("null");
        } else {
            quote(value);
        }
        comma = true;
        return this;
    }

    public JsonWriter value(boolean value) {
        separate();
        out.append(value);
        comma = true;
        return this;
    }

    public JsonWriter value(long value) {
        separate();
        out.append(value);
        comma = true;
        return this;
    }

    public JsonWriter field(String name, String value) {
        return name(name).value(value);
    }

    public JsonWriter field(String name, boolean value) {
        return name(name).value(value);
    }

    public JsonWriter field(String name, long value) {
        return name(name).value(value);
    }

    public JsonWriter field(String name, Map<String, String> values) {
        name(name).beginObject();
        values.forEach(this::field);
        return endObject();
    }

    private void separate() {
        if (comma) {
            out.append(',');
        }
    }

    private void quote(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"':
                    out.append("\\\"");
                    break;
                case '\\':
                    out.append("\\\\");
                    break;
                default:
                    boolean pairedHigh = Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1));
                    boolean pairedLow = Character.isLowSurrogate(c) && i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
                    if (Character.isSurrogate(c) && !pairedHigh && !pairedLow) {
                        out.append("\\ufffd");      // half a pair is no character, and UTF-8 has no bytes for it
                    } else if (c < 0x20 || c == 0x7f || c == '\u2028' || c == '\u2029') {
                        String hex = Integer.toHexString(c);
                        out.append("\\u").append("0000", hex.length(), 4).append(hex);
                    } else {
                        out.append(c);
                    }
            }
        }
        out.append('"');
    }

    @Override
    public String toString() {
        return out.toString();
    }

    /** The text in UTF-8. What this writer held is overwritten: the text may hold secrets, the caller wipes the bytes. */
    byte[] toBytesAndWipe() {
        ByteBuffer encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(out));
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        Arrays.fill(encoded.array(), (byte) 0);
        for (int i = 0; i < out.length(); i++) {
            out.setCharAt(i, '\0');
        }
        return bytes;
    }
}
