// How near to their end the held credentials are.
package io.github.evercreds;

/** How near to their end the held credentials are. */
public enum Phase {
    /** Nothing is held yet. */
    NONE,
    /** Held, and no refresh is due. */
    FRESH,
    /** Held and live; a refresh is due and there is plenty of time. */
    ADVISORY,
    /** Held and live, about to expire: at most a minute is left. */
    MANDATORY,
    /** Past the expiration; still handed out while no better are to be had (static stability). */
    STALE,
    /** Certainly expired for longer than may be served ({@code maxStale}): reads throw. */
    DEAD
}
