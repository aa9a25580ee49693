// Everything that this test JVM says to anybody: where a secret would show.
package io.github.evercreds.scenario;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UnsupportedEncodingException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Collects log records of every level, both standard streams, and what is noted by hand. */
public final class Capture {
    private static final Capture INSTANCE = new Capture();

    private final List<LogRecord> records = Collections.synchronizedList(new ArrayList<>());
    private final ByteArrayOutputStream texts = new ByteArrayOutputStream();
    private Logger ours;

    private Capture() { }

    /**
     * The one of this JVM, from now on at work.
     *
     * @return always the same
     */
    public static synchronized Capture begin() {
        if (INSTANCE.ours == null) {
            INSTANCE.install();
        }
        return INSTANCE;
    }

    private void install() {
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord record) {
                records.add(record);
                note(record.getLoggerName() + " " + record.getLevel() + " " + record.getMessage(), record.getThrown());
            }

            @Override
            public void flush() { }

            @Override
            public void close() { }
        };
        handler.setLevel(Level.ALL);
        Logger.getLogger("").addHandler(handler);
        // Held, because JUL forgets the level of a logger that nobody holds.
        ours = Logger.getLogger("io.github.evercreds");
        ours.setLevel(Level.ALL);
        System.setOut(tee(System.out));
        System.setErr(tee(System.err));
    }

    private PrintStream tee(PrintStream original) {
        try {
            return new PrintStream(new OutputStream() {
                @Override
                public void write(int b) {
                    original.write(b);
                    texts.write(b);
                }

                @Override
                public void write(byte[] bytes, int from, int length) {
                    original.write(bytes, from, length);
                    texts.write(bytes, from, length);
                }

                @Override
                public void flush() {
                    original.flush();
                }
            }, true, "UTF-8");
        } catch (UnsupportedEncodingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /**
     * Adds a text.
     *
     * @param text what somebody might print
     */
    public void note(Object text) {
        note(text, null);
    }

    /**
     * Adds a text and an exception with all its causes.
     *
     * @param text what somebody might print
     * @param thrown may be null
     */
    public void note(Object text, Throwable thrown) {
        StringWriter out = new StringWriter();
        out.append(String.valueOf(text)).append('\n');
        if (thrown != null) {
            thrown.printStackTrace(new PrintWriter(out));
        }
        byte[] bytes = out.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
        texts.write(bytes, 0, bytes.length);
    }

    /** The messages of our loggers at that level or a graver one that begin with that text. */
    List<String> logged(Level least, String beginning) {
        List<String> found = new ArrayList<>();
        synchronized (records) {
            for (LogRecord record : records) {
                if (record.getLevel().intValue() >= least.intValue() && record.getLoggerName() != null
                        && record.getLoggerName().startsWith("io.github.evercreds") && record.getMessage().startsWith(beginning)) {
                    found.add(record.getMessage());
                }
            }
        }
        return found;
    }

    /**
     * Those of the secrets that were said, each with what was round it.
     *
     * @param secrets what nobody may say
     * @return empty if all is well
     */
    public List<String> said(Collection<String> secrets) {
        return find(text(), secrets);
    }

    /**
     * Whether a text was said.
     *
     * @param text what to look for
     * @return true if so
     */
    public boolean holds(String text) {
        return text().contains(text);
    }

    private String text() {
        return new String(texts.toByteArray(), java.nio.charset.StandardCharsets.UTF_8);
    }

    /**
     * Those of the secrets that a text holds, each with what is round it.
     *
     * @param text where to look
     * @param secrets what to look for
     * @return empty if all is well
     */
    public static List<String> find(String text, Collection<String> secrets) {
        List<String> found = new ArrayList<>();
        for (String secret : secrets) {
            int at = text.indexOf(secret);
            if (at >= 0) {
                found.add("..." + text.substring(Math.max(0, at - 120), at) + "<SECRET>");
            }
        }
        return found;
    }
}
