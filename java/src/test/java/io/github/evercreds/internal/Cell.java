// A cell under test with everything round it faked, and short words for what the engine publishes.
package io.github.evercreds.internal;

import io.github.evercreds.Order;
import io.github.evercreds.Phase;
import io.github.evercreds.RefresherListener;
import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

final class Cell {
    static final String SECRET = "s3cr3t/never+shown";
    static final String TOKEN = "t0k3n-never-shown";

    final Clock clock;
    final FakeEngine engine = new FakeEngine();
    final Dispatcher dispatcher = new Dispatcher(Clock.SYSTEM, TimeUnit.SECONDS.toNanos(1));
    final CredentialsCell cell;
    final SlowRead slow;
    private long run = 1;
    private long generation;

    Cell(Clock clock) {
        this.clock = clock;
        this.cell = new CredentialsCell(new Config(new Settings(Order.V2), new SystemInputs(Collections.emptyMap(), Collections.emptyMap())), dispatcher);
        this.slow = new SlowRead(engine, clock, dispatcher);
        cell.id(7);
    }

    Subscription reader(Duration firstReadTimeout) {
        return reader(firstReadTimeout, null);
    }

    Subscription reader(Duration firstReadTimeout, RefresherListener listener) {
        Subscription reader = new Subscription(cell, slow, engine, listener, firstReadTimeout, () -> { });
        cell.add(reader);
        return reader;
    }

    /** Publishes what {@code change} makes of a state with nothing in it. */
    boolean publish(Consumer<State.Builder> change) {
        State.Builder b = new State.Builder();
        b.run = run;
        b.generation = ++generation;
        change.accept(b);
        return cell.publish(b);
    }

    void newRun() {
        run++;
        generation = 0;
    }

    /** A set that lives and is granted for so long from now. */
    Consumer<State.Builder> held(String key, long liveMillis, long grantMillis) {
        return b -> {
            b.phase = liveMillis > 0 ? Phase.FRESH : Phase.STALE;
            b.accessKeyId = key;
            b.secretAccessKey = SECRET;
            b.sessionToken = TOKEN;
            b.accountId = "123456789012";
            b.source = "instance profile";
            b.identity = "app-role";
            b.expirationMillis = clock.wallMillis() + liveMillis;
            b.serveUntilMillis = clock.wallMillis() + grantMillis;
            b.acceptedMillis = clock.wallMillis();
            b.lastSuccessMillis = clock.wallMillis();
            b.attempt = 1;
        };
    }

    /** The held set, refused by a service. */
    Consumer<State.Builder> rejected(String key, long liveMillis) {
        return held(key, liveMillis, 0).andThen(b -> {
            b.serveUntilMillis = State.NONE;
            b.rejected = true;
        });
    }

    Consumer<State.Builder> failed(int kind, String message, int attempt) {
        return b -> {
            b.errorKind = kind;
            b.errorMessage = message;
            b.errorFix = "attach a role";
            b.failures = attempt;
            b.attempt = attempt;
        };
    }
}
