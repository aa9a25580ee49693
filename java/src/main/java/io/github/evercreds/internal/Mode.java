// The kill switch: may this library act at all?
package io.github.evercreds.internal;

import java.util.Locale;

/** {@code evercreds.mode} or {@code EVERCREDS_MODE}, read when a provider is built. */
enum Mode {
    ON, OFF;

    static Mode read() {
        return of(SystemInputs.own("evercreds.mode"));
    }

    static Mode of(String given) {
        switch (given == null ? "on" : given.trim().toLowerCase(Locale.ROOT)) {
            case "on":
            case "":
                return ON;
            case "off":
                return OFF;
            case "shadow":
                Logs.warnOnce("evercreds.mode=shadow is reserved and does nothing yet; treated as on. Allowed are on and off.");
                return ON;
            default:
                // A kill switch with a slip of the pen must not change who serves.
                Logs.warnOnce("evercreds.mode is neither on nor off (" + given.length() + " characters were given); treated as on.");
                return ON;
        }
    }
}
