// A status as a person reads it, and as a machine does.
package io.github.evercreds.internal;

import io.github.evercreds.Phase;
import io.github.evercreds.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** Renders what a {@link Status} holds. */
final class StatusText {
    /** {@code servedBy} where the engine serves. */
    static final String OURSELVES = "evercreds";

    private StatusText() { }

    /** Several lines; no secrets. {@code taken}: when the status was made. */
    static String words(StatusValue.Builder d, Instant taken) {
        boolean delegated = !d.servedBy.equals(OURSELVES);
        StringBuilder out = new StringBuilder();
        out.append("evercreds: ").append(d.label).append(d.closed ? " (closed)" : "").append('\n');
        line(out, "state", d.phase + state(d));
        line(out, "served by", d.servedBy);
        line(out, "trouble", d.trouble);
        line(out, "credentials", d.accessKeyId == null ? null : d.accessKeyId + (d.rejected ? ", rejected by a service" : ""));
        line(out, "source", d.source == null ? null : d.source + (d.identity == null ? "" : " " + d.identity)
                + (d.accountId == null ? "" : ", account " + d.accountId));
        line(out, "issued", since(taken, d.accepted));
        line(out, "expires", d.accessKeyId == null ? null : d.expiration == null ? "never" : when(taken, d.expiration));
        line(out, "last success", since(taken, d.lastSuccess));
        line(out, "last error", d.lastError != null ? d.lastError + " (" + d.failures + " in a row)"
                : d.phase == Phase.STALE ? "none: the source answers, but with nothing newer" : null);
        line(out, "what to do", d.lastErrorFix);
        if (!delegated) {
            line(out, "next attempt", (d.attemptRunning ? "running now" : d.nextAttempt == null ? "not planned" : when(taken, d.nextAttempt))
                    + ", " + d.attempts + " so far");
            line(out, "clock", clock(d));
        }
        line(out, "engine", d.run == 0 ? null : "run " + d.run + ", generation " + d.generation);
        if (!d.transitions.isEmpty()) {
            out.append("  what happened\n");
            for (Status.Transition t : d.transitions) {
                out.append("    ").append(t).append('\n');
            }
        }
        return out.toString();
    }

    private static String clock(StatusValue.Builder d) {
        if (!d.clockWitnessed && d.clockFrom.isZero() && d.clockTo.isZero()) {
            return "this host's is believed, no witness yet";
        }
        return "AWS's is this host's " + signed(d.clockFrom) + " to " + signed(d.clockTo) + (d.clockWitnessed ? " (witnessed)" : " (not certain)");
    }

    private static String signed(Duration offset) {
        return String.format(Locale.ROOT, "%+.1f s", offset.toMillis() / 1000.0);
    }

    private static String state(StatusValue.Builder d) {
        if (!d.servedBy.equals(OURSELVES)) {
            return ": evercreds holds nothing, another provider serves";
        }
        switch (d.phase) {
            case NONE:
                return ": nothing is held yet";
            case FRESH:
                return d.rejected ? ": they live, but a service rejected them"
                        : d.lastError != null ? ": they live, but the last attempt failed" : ": all is well";
            case ADVISORY:
                return ": a refresh is due, there is time";
            case MANDATORY:
                return ": about to expire";
            case STALE:
                return ": expired, still handed out because there are no better ones";
            default:
                return ": expired, no longer handed out";
        }
    }

    private static String when(Instant taken, Instant at) {
        Duration away = Duration.between(taken, at);
        return at + (away.isNegative() ? " (" + span(away.negated()) + " ago)" : " (in " + span(away) + ")");
    }

    private static String since(Instant taken, Instant at) {
        return at == null ? null : when(taken, at);
    }

    private static String span(Duration time) {
        long s = time.getSeconds();
        return s >= 3600 ? s / 3600 + " h " + s / 60 % 60 + " min" : s >= 60 ? s / 60 + " min " + s % 60 + " s" : s + " s";
    }

    private static void line(StringBuilder out, String name, String value) {
        if (value != null) {
            out.append(String.format("  %-13s %s%n", name, value.replace("\n", "\n                ")).replace("\r\n", "\n"));
        }
    }

    /** One line of JSON; no secrets. */
    static String json(StatusValue.Builder d) {
        JsonWriter json = new JsonWriter().beginObject()
                .field("label", d.label)
                .field("phase", d.phase.name())
                .field("servedBy", d.servedBy)
                .field("trouble", d.trouble)
                .field("accessKeyId", d.accessKeyId)
                .field("rejected", d.rejected)
                .field("source", d.source)
                .field("identity", d.identity)
                .field("accountId", d.accountId)
                .field("run", d.run)
                .field("generation", d.generation)
                .field("issued", text(d.accepted))
                .field("expiration", text(d.expiration))
                .field("lastSuccess", text(d.lastSuccess))
                .field("lastError", d.lastError)
                .field("lastErrorFix", d.lastErrorFix)
                .field("failures", d.failures)
                .field("attempts", d.attempts)
                .field("attemptRunning", d.attemptRunning)
                .field("nextAttempt", text(d.nextAttempt))
                .name("clock").beginObject()
                .field("offsetFromMillis", d.clockFrom.toMillis())
                .field("offsetToMillis", d.clockTo.toMillis())
                .field("witnessed", d.clockWitnessed)
                .endObject()
                .field("closed", d.closed)
                .name("transitions").beginArray();
        for (Status.Transition t : d.transitions) {
            json.beginObject().field("at", text(t.at())).field("phase", t.phase().name()).field("what", t.what()).endObject();
        }
        return json.endArray().endObject().toString();
    }

    private static String text(Instant at) {
        return at == null ? null : at.toString();
    }
}
