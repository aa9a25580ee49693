// How did one client fare?
package io.github.evercreds.demo;

import java.util.ArrayList;
import java.util.List;

/** The figures of one client over the whole story, warm-up left out. Durations in seconds of the clients' clock. */
final class Score {
    final Contender contender;
    /** In order of time. */
    final List<Call> calls = new ArrayList<>();
    int expired;
    int withoutCredentials;
    int otherErrors;
    /** Calls that failed for want of credentials although there were some. */
    int needless;
    double secondsWithout;
    double worstWait;
    long imdsRequests;
    private final double callsDue;

    /**
     * Counts.
     *
     * @param all   calls of all clients
     * @param from  where the story begins, wall milliseconds
     * @param to    where it ends
     */
    Score(Contender contender, List<Call> all, Truth truth, Story story, long from, long to) {
        this.contender = contender;
        this.callsDue = story.length / story.callEvery;
        for (Call call : all) {
            if (call.client.equals(contender.id) && call.start >= from && call.start < to) {
                calls.add(call);
            }
        }
        for (int i = 0; i < calls.size(); i++) {
            Call call = calls.get(i);
            worstWait = Math.max(worstWait, call.waited / 1000.0);
            if (call.failedForCredentials()) {
                expired += call.expired() ? 1 : 0;
                withoutCredentials += call.expired() ? 0 : 1;
                if (truth.credentialsWereToBeHad(call.start)) {
                    long next = i + 1 < calls.size() ? calls.get(i + 1).start : Math.max(to, call.end);
                    needless++;
                    secondsWithout += (next - call.start) / 1000.0;
                }
            } else if (!call.ok()) {
                otherErrors++;
            }
        }
    }

    /** What we promise for our own providers; a client that hung and so made few calls proves nothing. */
    boolean clean() {
        return expired == 0 && needless == 0 && calls.size() >= 0.9 * callsDue;
    }
}
