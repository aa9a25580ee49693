// What has happened to one cell: its last 64 changes, the log lines about them, and the events for listeners.
package io.github.evercreds.internal;

import io.github.evercreds.Phase;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Status;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
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
            last.add(new StatusValue.Change(Instant.now().truncatedTo(ChronoUnit.MILLIS), phase, what));
        }
    }

    void record(CredentialsCell cell, State before, State now, Dispatcher dispatcher) {
        boolean newSet = now.held() && !now.sameCredentials(before);
        boolean newIdentity = newSet && before.held() && !sameIdentity(before, now);
        boolean failing = now.failures > 0 && now.errorMessage != null;
        boolean recovered = !failing && warnedAt != null && now.held() && !(now.phase == Phase.STALE || now.rejected);
        boolean rejected = now.rejected && !(before.rejected && now.sameCredentials(before));
        if (newSet) {
            say(dispatcher, Logs.INFO, cell, now, "new credentials " + now.accessKeyId + " from " + now.source + name(now) + expires(now));
            tell(cell, dispatcher, l -> l.onCredentials(now.toSnapshot()));
        } else if (now.phase != before.phase) {
            note(now.phase, before.phase + " -> " + now.phase);
        }
        if (newIdentity) {
            say(dispatcher, Logs.WARN, cell, now, "the identity changed from" + name(before) + " to" + name(now));
            tell(cell, dispatcher, l -> l.onIdentityChanged(now.toSnapshot(), String.valueOf(before.identity)));
        }
        if (rejected) {
            say(dispatcher, Logs.WARN, cell, now, "a service rejected " + now.accessKeyId + "; asking for a new set");
        }
        if (failing && !(before.failures > 0 && Objects.equals(before.errorMessage, now.errorMessage))) {
            note(now.phase, "failed: " + now.errorMessage);
        }
        if (recovered) {
            warnedAt = null;
            say(dispatcher, Logs.INFO, cell, now, "refreshing works again");
            tell(cell, dispatcher, l -> l.onRecovered(now.toSnapshot()));
        } else if (worthTelling(now, failing)) {
            warnedAt = now.phase;
            Duration left = left(now);
            boolean lost = now.phase == Phase.DEAD || failing && (now.phase == Phase.STALE || now.errorKind == State.ERROR_NON_RECOVERABLE);
            log(dispatcher, lost ? Logs.ERROR : Logs.WARN, cell, words(now, left));
            tell(cell, dispatcher, l -> l.onCannotRefresh(left, now.phase, reason(now), fix(now)));
        }
    }

    /**
     * One event per change of state: the first failure while a refresh is due (or nothing is held), and each worse phase.
     * A set that has expired is worth it even while the source answers: then it answers with nothing newer. So is a
     * denial while all is fresh: it does not pass by itself, and who can mend it should have hours for that.
     */
    private boolean worthTelling(State now, boolean failing) {
        boolean urgent = now.phase != Phase.FRESH || now.errorKind == State.ERROR_NON_RECOVERABLE;
        boolean matters = now.phase == Phase.DEAD || now.phase == Phase.STALE || failing && urgent;
        return matters && (warnedAt == null || now.phase.compareTo(warnedAt) > 0);
    }

    private static Duration left(State now) {
        return now.accessKeyId == null || now.expirationMillis == State.NEVER ? Duration.ZERO
                : Duration.ofMillis(now.expirationMillis - System.currentTimeMillis());
    }

    private static String expires(State now) {
        return now.expirationMillis == State.NEVER ? ", they do not expire" : ", expire " + now.expiration();
    }

    private static String name(State s) {
        return s.identity == null ? "" : " " + s.identity + (s.accountId == null ? "" : ", account " + s.accountId);
    }

    /** An account that one side does not tell (the metadata service tells it on some paths only) is no difference. */
    private static boolean sameIdentity(State a, State b) {
        return Objects.equals(a.identity, b.identity) && (a.accountId == null || b.accountId == null || a.accountId.equals(b.accountId));
    }

    private static String words(State now, Duration left) {
        StringBuilder text = new StringBuilder();
        if (now.phase == Phase.NONE) {
            text.append("no credentials yet: ");
        } else if (now.phase == Phase.DEAD) {
            text.append("the credentials are dead and not handed out any more: ");
        } else if (left.isNegative() || left.isZero()) {
            text.append("cannot refresh; ").append(now.accessKeyId).append(" expired ").append(span(left.negated())).append(" ago and is still handed out: ");
        } else {
            text.append("cannot refresh; ").append(now.accessKeyId).append(" lives for another ").append(span(left)).append(": ");
        }
        text.append(reason(now));
        if (!fix(now).isEmpty()) {
            text.append(". What to do: ").append(fix(now));
        }
        return text.toString();
    }

    private static String reason(State now) {
        return now.errorMessage != null ? now.errorMessage : "nothing newer has come from the " + now.source + " yet";
    }

    private static String fix(State now) {
        if (now.errorMessage != null) {
            return now.errorFix == null ? "" : now.errorFix;
        }
        return "it is asked again by itself; if this lasts, the source is late or caches: restart the agent or proxy that answers in its place, and check this host's clock";
    }

    private static String span(Duration time) {
        return time.toMinutes() >= 2 ? time.toMinutes() + " minutes" : time.getSeconds() + " s";
    }

    /** One line in the log and one among the transitions. */
    private void say(Dispatcher dispatcher, int level, CredentialsCell cell, State now, String text) {
        note(now.phase, text);
        log(dispatcher, level, cell, text);
    }

    private static void log(Dispatcher dispatcher, int level, CredentialsCell cell, String text) {
        dispatcher.execute(() -> Logs.write(level, Logs.LOGGER, cell.label() + ": " + text));
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
