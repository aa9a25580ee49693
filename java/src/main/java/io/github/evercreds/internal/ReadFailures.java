// The words in which a read fails.
package io.github.evercreds.internal;

import io.github.evercreds.EvercredsException;
import java.time.Duration;
import java.time.Instant;

/** Makes the exceptions of the read path. None holds a secret: the engine's messages do not, and nothing else goes in. */
final class ReadFailures {
    private ReadFailures() { }

    /** Nothing is held. {@code waitedNanos} is null if this read did not wait. */
    static EvercredsException nothingHeld(CredentialsCell cell, State s, Long waitedNanos) {
        StringBuilder text = new StringBuilder(cell.label())
                .append(waitedNanos == null ? ": no credentials" : ": no credentials within " + seconds(waitedNanos));
        if (s.errorMessage != null) {
            text.append("; ").append(s.errorMessage);
        } else if (s.attempt == 0) {
            text.append("; no attempt has been made yet");
        } else if (s.inFlight) {
            text.append("; attempt ").append(s.attempt).append(" is still running");
        }
        return new EvercredsException(withFix(text, s));
    }

    static EvercredsException dead(CredentialsCell cell, State s) {
        StringBuilder text = new StringBuilder(cell.label()).append(": the credentials expired");
        if (s.expirationMillis != State.NEVER) {
            text.append(" at ").append(Instant.ofEpochMilli(s.expirationMillis));
        }
        text.append(" and no better ones could be had");
        if (s.errorMessage != null) {
            text.append("; ").append(s.errorMessage);
        }
        return new EvercredsException(withFix(text, s));
    }

    static EvercredsException closed(CredentialsCell cell) {
        return new EvercredsException(cell.label() + ": this refresher was closed, and what it held has expired. Build a new one.");
    }

    static EvercredsException onOwnThread(CredentialsCell cell) {
        return new EvercredsException(cell.label() + ": no credentials yet, and evercreds's own threads never wait for them. "
                + "A log appender or listener that needs credentials should do its work on a thread of its own.");
    }

    static EvercredsException interrupted(CredentialsCell cell, State s) {
        EvercredsException plain = nothingHeld(cell, s, null);
        return new EvercredsException("interrupted while waiting for credentials; " + plain.getMessage());
    }

    static EvercredsException tooShort(CredentialsCell cell, State s, Duration wanted, long leftMillis) {
        StringBuilder text = new StringBuilder(cell.label()).append(": credentials with ").append(wanted)
                .append(" left were asked for; the newest that the source gives have ").append(Duration.ofMillis(Math.max(0, leftMillis)))
                .append(" left (they expire ").append(s.expiration()).append(')');
        if (s.errorMessage != null) {
            text.append("; ").append(s.errorMessage);
        }
        return new EvercredsException(withFix(text, s));
    }

    private static String withFix(StringBuilder text, State s) {
        if (s.errorFix != null && !s.errorFix.isEmpty()) {
            text.append(text.charAt(text.length() - 1) == '.' ? "" : ".").append(" What to do: ").append(s.errorFix);
        }
        return text.toString();
    }

    private static String seconds(long nanos) {
        return nanos % 1_000_000_000L == 0 ? nanos / 1_000_000_000L + " s" : nanos / 1_000_000L + " ms";
    }
}
