// How is a whole stream read as text on Java 8?
package io.github.evercreds.demo;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;

/** The one thing that Java 9 has and Java 8 lacks. */
final class Streams {
    private Streams() { }

    /** All of a stream, as UTF-8. */
    static String text(InputStream stream) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
            bytes.write(buffer, 0, n);
        }
        return bytes.toString("UTF-8");
    }
}
