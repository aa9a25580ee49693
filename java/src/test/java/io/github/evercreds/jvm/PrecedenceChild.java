// Tries every combination of properties and files in the environment that this JVM was started with.
package io.github.evercreds.jvm;

import io.github.evercreds.v2.EvercredsCredentialsProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Prints, for each combination and each SDK, the key that the SDK's own default chain gives and the one that ours does. */
final class PrecedenceChild {
    /** What stands in the credentials file; null: there is none. */
    static final String[] FILES = {
        null,
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = secret\n",
        "[default]\nregion = us-east-1\n",
        "[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = secret\n",
        "[default\naws_access_key_id = AKIABROKEN\n",
        "[default]\naws_access_key_id = AKIAHALF\n",
    };
    private static final int BROKEN = 4;
    /** The property {@code aws.profile}. */
    static final String[] PROFILES = {null, "other", "missing"};
    /** Properties with keys: names and values in turn. */
    static final String[][] KEYS = {
        {},
        {"aws.accessKeyId", "AKIAPROPERTY", "aws.secretKey", "secret", "aws.secretAccessKey", "secret"},
        {"aws.accessKeyId", "AKIAPROPERTY"},
        {"aws.accessKeyId", "AKIAPROPERTY", "aws.secretKey", "secret"},
        {"aws.accessKeyId", "AKIAPROPERTY", "aws.secretAccessKey", "secret", "aws.sessionToken", "token"},
    };
    static final String NONE = "none";
    private static final Duration LONG = Duration.ofSeconds(5);
    private static final Duration SHORT = Duration.ofMillis(50);
    /** A token file that is missing, or a profile file that is broken, may be about to be written, and is waited for. */
    private static Duration patience;
    /** An endpoint that refuses may be about to start, and is waited for as well. */
    static final String DEAD = "http://127.0.0.1:1/credentials";

    /** Another one for each case: equal providers share a chain, and a chain that has answered stays with its source. */
    private static Duration window;

    private PrecedenceChild() { }

    /** Argument: the address of IMDS. */
    public static void main(String[] args) throws IOException {
        Logger.getLogger("").setLevel(Level.OFF);
        System.setProperty("com.amazonaws.sdk.ec2MetadataServiceEndpointOverride", args[0]);
        System.setProperty("aws.ec2MetadataServiceEndpoint", args[0]);
        System.setProperty("aws.java.v1.disableDeprecationAnnouncement", "true");
        System.setProperty("aws.region", "us-east-1");
        Path home = Files.createTempDirectory("precedence");
        Path file = home.resolve(".aws/credentials");
        Files.createDirectories(file.getParent());
        System.setProperty("user.home", home.toString());               // where SDK v1 looks
        System.setProperty("aws.sharedCredentialsFile", file.toString());  // and where SDK v2
        System.setProperty("aws.configFile", Paths.get(home.toString(), ".aws/config").toString());
        for (int f = 0; f < FILES.length; f++) {
            patience = f == BROKEN || System.getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != null || DEAD.equals(System.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
                    ? SHORT : LONG;
            if (FILES[f] == null) {
                Files.deleteIfExists(file);
            } else {
                Files.write(file, FILES[f].getBytes(StandardCharsets.UTF_8));
                // Written long ago: a file that has just changed is read twice, which takes its time.
                Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(System.currentTimeMillis() - 3_600_000));
            }
            for (int p = 0; p < PROFILES.length; p++) {
                for (int k = 0; k < KEYS.length; k++) {
                    set(p, k);
                    window = Duration.ofSeconds(60 + f * 100 + p * 10 + k);
                    String name = "file" + f + " profile" + p + " keys" + k;
                    System.out.println("case " + name + " v1 " + key(PrecedenceChild::theirsV1) + " " + key(PrecedenceChild::oursV1));
                    System.out.println("case " + name + " v2 " + key(PrecedenceChild::theirsV2) + " " + key(PrecedenceChild::oursV2));
                }
            }
        }
        Files.deleteIfExists(file);
    }

    private static void set(int profile, int keys) {
        for (String name : new String[] {"aws.profile", "aws.accessKeyId", "aws.secretKey", "aws.secretAccessKey", "aws.sessionToken"}) {
            System.clearProperty(name);
        }
        if (PROFILES[profile] != null) {
            System.setProperty("aws.profile", PROFILES[profile]);
        }
        for (int i = 0; i < KEYS[keys].length; i += 2) {
            System.setProperty(KEYS[keys][i], KEYS[keys][i + 1]);
        }
    }

    private static String key(Supplier<String> read) {
        try {
            return read.get();
        } catch (RuntimeException none) {
            System.out.println("why: " + none.getMessage());
            return NONE;
        }
    }

    private static String theirsV1() {
        return new com.amazonaws.auth.DefaultAWSCredentialsProviderChain().getCredentials().getAWSAccessKeyId();
    }

    private static String oursV1() {
        return io.github.evercreds.v1.EvercredsCredentialsProvider.builder().firstReadTimeout(patience).advisoryWindow(window).build().getCredentials().getAWSAccessKeyId();
    }

    private static String theirsV2() {
        return software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider.builder().build().resolveCredentials().accessKeyId();
    }

    private static String oursV2() {
        return EvercredsCredentialsProvider.builder().firstReadTimeout(patience).advisoryWindow(window).build().resolveCredentials().accessKeyId();
    }
}
