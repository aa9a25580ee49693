// What has happened to one cell: its last 64 changes, and the events for listeners. (The engine itself writes the log.)
package io.github.evercreds.internal;

import io.github.evercreds.Phase;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/** Compares each published state with the one before. Called on the engine thread; application code runs on the dispatcher. */
final class History {
    static final int KEPT = 64;

    private final ArrayDeque<Status.Transition> last = new ArrayDeque<>();
    /** Engine threads of successive runs write it, one after the other. */
    private volatile Phase warnedAt;

    List<Status.Transition> transitions() {
        synchronized (last) {
            return new ArrayList<>(last);
        }
    }

    void note(Phase phase, String what) {
        synchronized (last) {
            if (last.size() == KEPT) {
                last.removeFirst();
            }
            last.add(new Status.Transition(Instant.now(), phase, what));
        }
    }

    void record(CredentialsCell cell, State before, State now, Dispatcher dispatcher) {
        boolean newSet = now.held() && !now.sameCredentials(before);
        boolean newIdentity = newSet && before.held() && !Objects.equals(before.identity, now.identity);
        boolean failing = now.failures > 0 && now.errorMessage != null;
        boolean recovered = !failing && warnedAt != null && now.held() && !(now.phase == Phase.STALE || now.withoutGrant());
        boolean rejected = now.held() && now.withoutGrant() && !(before.withoutGrant() && now.sameCredentials(before));
        if (newSet) {
            note(now.phase, "new credentials " + now.accessKeyId + " from " + now.source + name(now.identity) + expires(now));
            tell(cell, dispatcher, l -> l.onCredentials(now.toSnapshot()));
        } else if (now.phase != before.phase) {
            note(now.phase, before.phase + " -> " + now.phase);
        }
        if (newIdentity) {
            note(now.phase, "the identity changed from" + name(before.identity) + " to" + name(now.identity));
            tell(cell, dispatcher, l -> l.onIdentityChanged(now.toSnapshot(), String.valueOf(before.identity)));
        }
        if (rejected) {
            note(now.phase, "a service rejected " + now.accessKeyId);
        }
        if (failing && !(before.failures > 0 && Objects.equals(before.errorMessage, now.errorMessage))) {
            note(now.phase, "failed: " + now.errorMessage);
        }
        if (recovered) {
            warnedAt = null;
            note(now.phase, "recovered");
            tell(cell, dispatcher, l -> l.onRecovered(now.toSnapshot()));
        } else if (worthTelling(now, failing)) {
            warnedAt = now.phase;
            Duration left = left(now);
            tell(cell, dispatcher, l -> l.onCannotRefresh(left, now.phase, String.valueOf(now.errorMessage), now.errorFix == null ? "" : now.errorFix));
        }
    }

    /** One event per change of state: the first failure while a refresh is due (or nothing is held), and each worse phase. */
    private boolean worthTelling(State now, boolean failing) {
        boolean matters = now.phase == Phase.DEAD || failing && now.phase != Phase.FRESH;
        return matters && (warnedAt == null || now.phase.compareTo(warnedAt) > 0);
    }

    private static Duration left(State now) {
        return now.accessKeyId == null || now.expirationMillis == State.NEVER ? Duration.ZERO
                : Duration.ofMillis(now.expirationMillis - System.currentTimeMillis());
    }

    private static String expires(State now) {
        return now.expirationMillis == State.NEVER ? ", they do not expire" : ", expire " + now.expiration();
    }

    private static String name(String identity) {
        return identity == null ? "" : " " + identity;
    }

    static void tell(CredentialsCell cell, Dispatcher dispatcher, Consumer<RefresherListener> event) {
        for (Subscription reader : cell.readers()) {
            RefresherListener listener = reader.listener();
            if (listener != null) {
                dispatcher.execute(() -> {
                    if (!reader.closed()) {
                        event.accept(listener);
                    }
                });
            }
        }
    }
}
