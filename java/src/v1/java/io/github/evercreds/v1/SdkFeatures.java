// What the SDK at hand can carry: the account id came to its credentials classes between 1.11.1000 and 1.12.767.
package io.github.evercreds.v1;

import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.auth.BasicSessionCredentials;
import io.github.evercreds.internal.State;

/** Makes the SDK's credentials objects with all that the SDK at hand has a place for. */
final class SdkFeatures {
    /** In the user agent; a token of RFC 9110. */
    static final String PROVIDER_NAME = "evercreds";

    private static volatile boolean accountAware = true;

    private SdkFeatures() { }

    static AWSCredentials credentials(State s) {
        if (accountAware) {
            try {
                return s.sessionToken == null
                        ? new BasicAWSCredentials(s.accessKeyId, s.secretAccessKey, s.accountId, PROVIDER_NAME)
                        : new BasicSessionCredentials(s.accessKeyId, s.secretAccessKey, s.sessionToken, s.accountId, PROVIDER_NAME);
            } catch (NoSuchMethodError olderSdk) {
                accountAware = false;
            }
        }
        return s.sessionToken == null ? new BasicAWSCredentials(s.accessKeyId, s.secretAccessKey)
                : new BasicSessionCredentials(s.accessKeyId, s.secretAccessKey, s.sessionToken);
    }
}
