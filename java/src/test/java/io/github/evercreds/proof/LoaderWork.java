// Runs inside a class loader that has a copy of the library: what an application in a container does with it.
package io.github.evercreds.proof;

import io.github.evercreds.Refresher;
import java.net.URI;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;

/** Called by {@link LoaderProof} through reflection, so it takes and gives only what every class loader has. */
public final class LoaderWork {
    private static final ResolveIdentityRequest DEFAULT = ResolveIdentityRequest.builder().build();

    private static io.github.evercreds.v1.EvercredsCredentialsProvider v1;
    private static io.github.evercreds.v2.EvercredsCredentialsProvider v2;
    private static Refresher core;

    private LoaderWork() { }

    /** Makes one of each. */
    public static void start(String endpoint) {
        URI imds = URI.create(endpoint);
        v1 = io.github.evercreds.v1.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(imds).build();
        v2 = io.github.evercreds.v2.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(imds).build();
        core = Refresher.builder().instanceProfile().endpoint(imds).build();
    }

    /** The role's name, after every surface has served. */
    public static String use() {
        if (v1.getCredentials().getAWSAccessKeyId().isEmpty() || v2.resolveCredentials().accessKeyId().isEmpty()
                || v2.resolveIdentity(DEFAULT).join().accessKeyId().isEmpty()) {
            throw new IllegalStateException("an empty key");
        }
        return core.credentials().identity().get();
    }

    /** The key that is held. */
    public static String key() {
        return core.credentials().accessKeyId();
    }

    /** Says that a service rejected what is held: a new set is fetched at once. */
    public static void reject() {
        core.invalidate(key());
    }

    /** What a web application does when it is stopped. */
    public static void stop() {
        Refresher.shutdownAll();
    }
}
