// What does one call of a client cost in waiting for credentials, and with which key does it sign?
package io.github.evercreds.demo;

import java.util.concurrent.atomic.AtomicLong;

/** Sits between a client and its provider, whoever's it is. One call at a time; credentials may arrive on any thread. */
final class Meter {
    private final AtomicLong waitedNanos = new AtomicLong();
    private volatile String accessKeyId;
    private volatile boolean refused;

    /** Forgets the previous call. */
    void begin() {
        waitedNanos.set(0);
        accessKeyId = null;
        refused = false;
    }

    /** The provider answered a question that was put at {@code askedNanos}. */
    void handedOut(long askedNanos, String newAccessKeyId) {
        waitedNanos.addAndGet(System.nanoTime() - askedNanos);
        accessKeyId = newAccessKeyId;
        refused = false;
    }

    /** The provider threw. */
    void refused(long askedNanos) {
        waitedNanos.addAndGet(System.nanoTime() - askedNanos);
        refused = true;
    }

    long waitedMillis() {
        return waitedNanos.get() / 1_000_000;
    }

    /** The key of the last credentials handed out in this call, or null. */
    String accessKeyId() {
        return accessKeyId;
    }

    /** Whether the last question of this call got no credentials. */
    boolean wasRefused() {
        return refused;
    }
}
