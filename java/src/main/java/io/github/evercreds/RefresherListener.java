// What an application can be told about its credentials.
package io.github.evercreds;

import java.time.Duration;

/**
 * What an application can be told about its credentials. Every method has an empty default. All are called on one thread
 * of ours, {@code evercreds-dispatcher}, one after the other: never on the thread that refreshes, so a slow listener
 * delays other listeners and logs, but no refresh. What a listener throws is logged and otherwise ignored. If more than
 * a thousand events wait, the newest are dropped and counted in the log. A refresher that was closed or became unreachable is no longer told.
 */
public interface RefresherListener {
    /**
     * New credentials are in use.
     *
     * @param credentials the new set
     */
    default void onCredentials(Snapshot credentials) { }

    /**
     * The new credentials speak for somebody else than the ones before.
     *
     * @param credentials the new set
     * @param previousIdentity whom the set before spoke for
     */
    default void onIdentityChanged(Snapshot credentials, String previousIdentity) { }

    /**
     * A refresh is due and fails. Told at the first failure after a success, and again whenever the phase gets worse.
     *
     * @param left how long the held credentials still live by this host's clock; negative after their expiration,
     *     zero if none are held
     * @param phase the phase reached
     * @param reason what was asked, of whom, what came back
     * @param fix what to do about it; may be empty
     */
    default void onCannotRefresh(Duration left, Phase phase, String reason, String fix) { }

    /**
     * A refresh worked again after failures.
     *
     * @param credentials the set in use
     */
    default void onRecovered(Snapshot credentials) { }

    /**
     * The engine had died or hung and was started anew.
     *
     * @param reason what was seen
     */
    default void onEngineRestarted(String reason) { }
}
