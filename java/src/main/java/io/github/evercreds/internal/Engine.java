// What the read path needs of the engine; the native one in production, a fake in tests.
package io.github.evercreds.internal;

/** What the read path needs of the engine. No method blocks. */
interface Engine {
    int READER = 0;
    int REFRESH = 1;
    int INVALIDATE = 2;
    int ACCEPTED = 3;
    int MIN_REMAINING = 4;
    int INPUTS_CHANGED = 5;
    int RESTORED = 6;

    /** Tells the cell's machine something; unknown ids are ignored. */
    void nudge(long id, int kind, String key);

    /** Whether the current run beats. */
    boolean alive();

    /**
     * Replaces a run that died or hangs.
     *
     * @return true if it was replaced just now
     * @throws NativeUnavailable if there is no engine and none can be had now
     */
    boolean ensureRunning();
}
