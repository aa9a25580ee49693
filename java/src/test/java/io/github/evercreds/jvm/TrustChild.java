// Started by TrustStoreTest: says how many issuers this JVM would hand to the engine.
package io.github.evercreds.jvm;

import java.lang.reflect.Method;
import java.nio.ByteBuffer;

/** Prints a line that begins with ISSUERS. */
public final class TrustChild {
    private TrustChild() { }

    public static void main(String[] arguments) throws ReflectiveOperationException {
        Method found = Class.forName("io.github.evercreds.internal.Trust").getDeclaredMethod("found");
        found.setAccessible(true);
        int count = 0;
        for (ByteBuffer rest = ByteBuffer.wrap((byte[]) found.invoke(null)); rest.hasRemaining(); count++) {
            int length = rest.getInt();
            rest.position(rest.position() + length);
        }
        System.out.println("ISSUERS " + count);
    }
}
