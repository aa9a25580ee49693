// What this library throws when it cannot give credentials.
package io.github.evercreds;

/**
 * Credentials cannot be given. The message says what was asked, of whom, what came back and what to do; it never holds
 * a secret. The providers for the AWS SDKs throw that SDK's {@code SdkClientException} with this one as its cause.
 */
public class EvercredsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes an exception without a cause.
     *
     * @param message what happened and what to do
     */
    public EvercredsException(String message) {
        super(message);
    }

    /**
     * Makes an exception with a cause.
     *
     * @param message what happened and what to do
     * @param cause what led to it; may be null
     */
    public EvercredsException(String message, Throwable cause) {
        super(message, cause);
    }
}
