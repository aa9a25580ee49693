// From a cell to what a person sees of it.
package io.github.evercreds.internal;

import io.github.evercreds.Status;
import java.time.Duration;
import java.time.Instant;

/** Makes a {@link Status} of a cell. */
final class StatusMaker {
    private StatusMaker() { }

    static Status of(CredentialsCell cell, boolean closed) {
        State s = cell.state();
        return new StatusValue.Builder()
                .label(cell.label())
                .trouble(closed ? null : NativeEngine.INSTANCE.trouble())
                .held(s.phase, s.accessKeyId, s.source, s.identity, s.accountId)
                .generation(s.run, s.generation)
                .times(instant(s.acceptedMillis), s.accessKeyId == null ? null : s.expiration(), instant(s.lastSuccessMillis), instant(s.nextAttemptMillis))
                .attempts(s.errorMessage, s.errorFix, s.failures, s.attempt, s.inFlight)
                .clock(Duration.ofMillis(s.skewLoMillis), Duration.ofMillis(s.skewHiMillis), s.skewWitnessed)
                .marks(s.rejected, closed)
                .transitions(cell.history().transitions())
                .build();
    }

    private static Instant instant(long millis) {
        return millis == State.NONE || millis == State.NEVER ? null : Instant.ofEpochMilli(millis);
    }
}
