// Who holds which cell, and what a new holder is owed.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;

import io.github.evercreds.Order;
import io.github.evercreds.Phase;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Snapshot;
import java.util.Collections;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.Test;

public class CellsTest {
    private final Dispatcher dispatcher = new Dispatcher(Clock.SYSTEM, TimeUnit.SECONDS.toNanos(1));
    private final FakeEngine engine = new FakeEngine();

    /** An engine so quick that the first state is there before {@code open} returns. */
    private static final class Quick implements Cells.Opener {
        @Override
        public void open(CredentialsCell cell) {
            State.Builder b = new State.Builder();
            b.run = 1;
            b.generation = 1;
            b.phase = Phase.FRESH;
            b.accessKeyId = "AKIDFIRST";
            b.secretAccessKey = Cell.SECRET;
            b.source = "instance profile";
            cell.publish(b);
        }

        @Override
        public void close(long id) { }
    }

    @Test
    public void the_first_credentials_reach_the_listener_however_soon_they_come() throws Exception {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Settings settings = new Settings(Order.V2);
        settings.listener(new RefresherListener() {
            @Override
            public void onCredentials(Snapshot credentials) {
                told.add(credentials.accessKeyId());
            }
        });
        Config config = new Config(settings, new SystemInputs(Collections.emptyMap(), Collections.emptyMap()));
        SlowRead slow = new SlowRead(engine, Clock.SYSTEM, dispatcher);
        Subscription held = new Cells(new Object(), new Quick()).subscribe(config, settings, slow, engine, dispatcher);
        assertEquals("AKIDFIRST", told.poll(10, TimeUnit.SECONDS));
        assertEquals("AKIDFIRST", held.cell().state().accessKeyId);
    }
}
