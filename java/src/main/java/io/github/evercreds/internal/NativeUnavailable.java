// The native library or its engine cannot serve: what lets an adapter hand over to its SDK.
package io.github.evercreds.internal;

import io.github.evercreds.EvercredsException;

/** The native library cannot be loaded, or its engine cannot be kept running. */
public final class NativeUnavailable extends EvercredsException {
    private static final long serialVersionUID = 1L;

    NativeUnavailable(String message, Throwable cause) {
        super(message, cause);
    }
}
