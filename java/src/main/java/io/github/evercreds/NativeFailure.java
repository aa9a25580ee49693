// What a provider does when the native library cannot serve.
package io.github.evercreds;

/** What a provider does when the native library cannot be loaded or its engine cannot be kept running. */
public enum NativeFailure {
    /**
     * The AWS SDK's own provider for the same source serves, with one warning in the log. Where the SDK could not
     * honour all that was asked (an expected role; what its provider of that source has no place for; a role, without
     * its STS module on the class path) the provider throws instead: it never hands out another identity. This is the
     * default.
     */
    FALL_BACK,
    /** The provider throws. */
    FAIL
}
