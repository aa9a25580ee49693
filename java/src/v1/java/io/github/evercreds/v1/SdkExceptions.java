// Failures in the SDK's own words: clients know how to treat them.
package io.github.evercreds.v1;

import com.amazonaws.SdkClientException;

/** Wraps failures. */
final class SdkExceptions {
    private SdkExceptions() { }

    static SdkClientException of(Throwable failure) {
        if (failure instanceof SdkClientException) {
            return (SdkClientException) failure;
        }
        String message = failure instanceof LinkageError
                ? "evercreds does not fit the classes on the class path: " + failure + ". What to do: use one version of evercreds and of the AWS SDK"
                : failure.getMessage();
        return new SdkClientException(message, failure);
    }
}
