// Every native method there is, and the engine's two upcalls that belong to no cell. The names are part of the native library: this class cannot be renamed or relocated.
package io.github.evercreds.internal;

/** The boundary to the native library. Only to be called when {@link NativeLoader} has loaded it. */
final class Native {
    /** What {@link #abi()} must answer. */
    static final int ABI = 3;

    private Native() { }

    /** The version of this boundary. */
    static native int abi();

    /** Runs the engine on the calling thread until {@link #stop}. */
    static native void run(long run);

    /** Opens a cell in a run; the id is never 0 and never reused. May come before {@link #run} has entered. */
    static native long open(long run, byte[] config, CredentialsCell cell);

    /** Tells a cell's machine something; see {@link Engine}. Never blocks; unknown ids are no-ops. */
    static native void nudge(long id, int kind, String key);

    /** Lets a cell's machine ask the source that this configuration means, in place of its own. */
    static native void reconfigure(long id, byte[] config);

    /** Tells whom the JVM trusts; see {@link Trust}. */
    static native void trust(byte[] certificates);

    /** Closes a cell. */
    static native void close(long id);

    /** Asks a run to end. */
    static native void stop(long run);

    /** Sets how much the engine says; the numbers of {@link Logs}. */
    static native void logLevel(int level);

    /** Open ids and runs still inside {@link #run}, over the whole library. */
    static native long liveCount();

    // ---- called by the engine, on its thread ------------------------------------------------------------------------

    /** A sign of life, at least every five seconds. */
    @SuppressWarnings("unused")
    private static void beat(long run) {
        try {
            NativeEngine.INSTANCE.beat(run);
        } catch (RuntimeException | LinkageError fault) {
            // A beat that is not noted is noticed as a stall, and that is mended.
        }
    }

    /** A log line. */
    @SuppressWarnings("unused")
    private static void log(int level, String logger, String message) {
        Dispatcher.log(level, logger, message);
    }

    /** Somebody over there is about to speak TLS. */
    @SuppressWarnings("unused")
    private static void trustWanted() {
        Dispatcher.INSTANCE.execute(Trust::tell);
    }
}
