// How things stand, for a person at 3 a.m. and, as JSON, for a machine.
package io.github.evercreds;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How things stood when it was asked for. Immutable, safe for use by any thread, without secrets. All times are UTC; the
 * expiration is in AWS's time, the others are by this host's clock. Made by this library alone; methods may be added.
 */
public interface Status {
    /** One change. */
    interface Transition {
        /**
         * When it was seen.
         *
         * @return a time of this host's clock
         */
        Instant at();

        /**
         * The phase after it.
         *
         * @return never null
         */
        Phase phase();

        /**
         * What happened.
         *
         * @return one line
         */
        String what();

        /**
         * Time, phase and event.
         *
         * @return one line
         */
        @Override
        String toString();
    }

    /**
     * The name in logs.
     *
     * @return never null
     */
    String label();

    /**
     * How near to their end the held credentials are.
     *
     * @return never null
     */
    Phase phase();

    /**
     * Who hands out the credentials: {@code evercreds}, or the name of the SDK's provider that stands in.
     *
     * @return never null
     */
    String servedBy();

    /**
     * What is wrong with the engine or was within the last ten minutes, or why an SDK's provider stands in.
     *
     * @return empty if all is well
     */
    Optional<String> trouble();

    /**
     * The id of the held access key.
     *
     * @return empty if nothing is held
     */
    Optional<String> accessKeyId();

    /**
     * The source that answered.
     *
     * @return empty if none has yet
     */
    Optional<String> source();

    /**
     * Whom the held credentials speak for, for example the role's name.
     *
     * @return empty if nothing is held or the source did not say
     */
    Optional<String> identity();

    /**
     * The twelve-digit account id.
     *
     * @return empty if it is not known
     */
    Optional<String> accountId();

    /**
     * The engine's run; it counts up when the engine had to be started anew.
     *
     * @return 1 or more, 0 before the first answer
     */
    long run();

    /**
     * The number of the state in its run.
     *
     * @return it strictly increases within a run
     */
    long generation();

    /**
     * When the held credentials were accepted.
     *
     * @return empty if nothing is held
     */
    Optional<Instant> issued();

    /**
     * When the held credentials expire, in AWS's time.
     *
     * @return empty if nothing is held or they do not expire
     */
    Optional<Instant> expiration();

    /**
     * When an attempt last worked.
     *
     * @return empty if none did yet
     */
    Optional<Instant> lastSuccess();

    /**
     * The last error since the last success.
     *
     * @return empty if the last attempt worked
     */
    Optional<String> lastError();

    /**
     * What to do about the last error.
     *
     * @return empty if there is no error, or no advice
     */
    Optional<String> lastErrorFix();

    /**
     * The failures in a row.
     *
     * @return zero or more
     */
    int failures();

    /**
     * The attempts started so far.
     *
     * @return zero or more
     */
    long attempts();

    /**
     * When the next attempt is due.
     *
     * @return empty if none is planned or known
     */
    Optional<Instant> nextAttempt();

    /**
     * The least that AWS's time minus this host's can be.
     *
     * @return negative if this host's clock is ahead
     */
    Duration clockOffsetFrom();

    /**
     * The most that AWS's time minus this host's can be.
     *
     * @return negative if this host's clock is ahead
     */
    Duration clockOffsetTo();

    /**
     * Whether a witness confirms that interval; else this host's clock is believed.
     *
     * @return true if so
     */
    boolean clockWitnessed();

    /**
     * Whether a service rejected the held key and no better one is to be had yet.
     *
     * @return true if so
     */
    boolean rejected();

    /**
     * Whether the refresher was closed.
     *
     * @return true if so
     */
    boolean closed();

    /**
     * The last changes, at most 64.
     *
     * @return oldest first; immutable
     */
    List<Transition> transitions();

    /**
     * Says how things stand, in words.
     *
     * @return several lines; no secrets
     */
    @Override
    String toString();

    /**
     * The same as one JSON object. Times are ISO-8601 in UTC; what is not known is null.
     *
     * @return one line of JSON; no secrets
     */
    String toJson();
}
