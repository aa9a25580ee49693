// An engine that only writes down what it is told.
package io.github.evercreds.internal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

final class FakeEngine implements Engine {
    final List<String> nudges = Collections.synchronizedList(new ArrayList<>());
    volatile boolean alive = true;
    volatile boolean canRestart = true;
    /** Silent, but well: as after a pause of the process, before its next beat. */
    volatile boolean merelySilent;
    volatile int restarts;

    @Override
    public void nudge(long id, int kind, String key) {
        nudges.add(kind + (key == null ? "" : ":" + key));
    }

    @Override
    public boolean alive() {
        return alive;
    }

    @Override
    public boolean ensureRunning() {
        if (alive || merelySilent) {
            return false;
        }
        if (!canRestart) {
            throw new NativeUnavailable("the engine died", null);
        }
        alive = true;
        restarts++;
        return true;
    }
}
