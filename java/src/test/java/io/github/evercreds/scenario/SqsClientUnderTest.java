// A real SQS client of one SDK with our provider in it, and a stop-watch between the two.
package io.github.evercreds.scenario;

import io.github.evercreds.RefresherListener;
import io.github.evercreds.Status;
import java.net.URI;

/** One SDK's client. The provider is set late, so that nothing is asked of IMDS before the scenario begins. */
abstract class SqsClientUnderTest {
    /** What the provider did within the last call. */
    static final class Reading {
        long waitedNanos;
        String key;
    }

    /** Which SDK: {@code v1} or {@code v2}; also the name of its own IMDS listener. */
    abstract String sdk();

    /** Builds the provider; the engine starts to fetch. */
    abstract void start(Scenario.Provider how, URI imds, String label, RefresherListener listener);

    /** Sends one message; throws what the SDK throws. */
    abstract void send();

    /** The error code of what {@link #send} threw, or {@code none} if no service answered. */
    abstract String codeOf(RuntimeException thrown);

    abstract Status status();

    abstract void invalidate(String key);

    abstract void refresh();

    /** Every public object of ours and what it hands out, for their {@code toString}. */
    abstract Object[] objects();

    abstract void close();

    private final ThreadLocal<Reading> reading = ThreadLocal.withInitial(Reading::new);

    /** Forgets what was read; the calling thread sends next. */
    final Reading newReading() {
        reading.remove();
        return reading.get();
    }

    final void read(long sinceNanos, String key) {
        Reading now = reading.get();
        now.waitedNanos = Math.max(now.waitedNanos, System.nanoTime() - sinceNanos);
        now.key = key;
    }
}
