// The one thing that the public classes ask of the engine as a whole.
package io.github.evercreds.internal;

/** Ends the engine of this class loader. */
public final class Engines {
    private Engines() { }

    /** Closes every cell and ends both threads, waiting at most two seconds for each. */
    public static void shutdown() {
        NativeEngine.INSTANCE.shutdown();
    }
}
