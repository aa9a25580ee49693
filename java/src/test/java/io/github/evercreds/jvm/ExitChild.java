// Started by ExitTest: a program that holds a provider with a live engine, or none, and ends in the way it is told to.
package io.github.evercreds.jvm;

import io.github.evercreds.v1.EvercredsCredentialsProvider;
import java.net.URI;

/** Arguments: whose provider ({@code none}, {@code v1}, {@code v2}), {@code live} or {@code hanging}, how to end, the IMDS endpoint. */
public final class ExitChild {
    private static Object held;

    private ExitChild() { }

    public static void main(String[] arguments) throws Exception {
        boolean live = arguments[1].equals("live");
        URI imds = URI.create(arguments[3]);
        String key = null;
        switch (arguments[0]) {
            case "v1":
                EvercredsCredentialsProvider v1 = EvercredsCredentialsProvider.builder().instanceProfile().endpoint(imds).build();
                held = v1;
                key = live ? v1.getCredentials().getAWSAccessKeyId() : null;
                break;
            case "v2":
                io.github.evercreds.v2.EvercredsCredentialsProvider v2 =
                        io.github.evercreds.v2.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(imds).build();
                held = v2;
                key = live ? v2.resolveCredentials().accessKeyId() : null;
                break;
            default:
        }
        if (!live) {
            Thread.sleep(300);      // the engine now waits for an answer that does not come
        }
        System.out.println("KEY " + key + " OF " + (held == null ? "nobody" : held.getClass().getName()));
        System.out.println("DONE " + System.currentTimeMillis());
        System.out.flush();
        switch (arguments[2]) {
            case "return":
                return;
            case "exit":
                System.exit(3);
                return;
            default:
                throw new IllegalStateException("the uncaught exception of this test");
        }
    }
}
