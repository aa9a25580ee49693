// What the SDK at hand can carry: expirationTime came between 2.20.0 and 2.20.100, accountId and providerName between
// 2.21.0 and 2.26.0.
package io.github.evercreds.v2;

import io.github.evercreds.internal.State;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;

/** Makes the SDK's credentials objects with all that the SDK at hand has a place for. */
final class SdkFeatures {
    /** In the user agent; a token of RFC 9110. */
    static final String PROVIDER_NAME = "evercreds";

    private static final int NAMED = 2;
    private static final int EXPIRING = 1;
    private static final int PLAIN = 0;
    private static volatile int level = NAMED;

    private SdkFeatures() { }

    static AwsCredentials credentials(State s) {
        for (int tried = level; tried > PLAIN; tried--) {
            try {
                return tried == NAMED ? Named.credentials(s) : Expiring.credentials(s);
            } catch (NoSuchMethodError | NoClassDefFoundError olderSdk) {
                level = tried - 1;
            }
        }
        return s.sessionToken == null ? AwsBasicCredentials.create(s.accessKeyId, s.secretAccessKey)
                : AwsSessionCredentials.create(s.accessKeyId, s.secretAccessKey, s.sessionToken);
    }

    // Classes of their own, so that the JVM resolves what an older SDK lacks only when they are used.

    private static final class Named {
        static AwsCredentials credentials(State s) {
            if (s.sessionToken == null) {
                return AwsBasicCredentials.builder().accessKeyId(s.accessKeyId).secretAccessKey(s.secretAccessKey)
                        .accountId(s.accountId).providerName(PROVIDER_NAME).build();
            }
            return AwsSessionCredentials.builder().accessKeyId(s.accessKeyId).secretAccessKey(s.secretAccessKey).sessionToken(s.sessionToken)
                    .expirationTime(s.expiration()).accountId(s.accountId).providerName(PROVIDER_NAME).build();
        }
    }

    private static final class Expiring {
        static AwsCredentials credentials(State s) {
            if (s.sessionToken == null) {
                return AwsBasicCredentials.create(s.accessKeyId, s.secretAccessKey);
            }
            return AwsSessionCredentials.builder().accessKeyId(s.accessKeyId).secretAccessKey(s.secretAccessKey).sessionToken(s.sessionToken)
                    .expirationTime(s.expiration()).build();
        }
    }
}
