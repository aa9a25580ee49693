// Judges what one client saw in a scenario; every sentence that comes out is something that did not hold.
package io.github.evercreds.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The judge of one outcome. */
final class Verdict {
    /** A call that was under way when the key changed is nobody's fault. */
    private static final Duration UNDER_WAY = Duration.ofMillis(500);
    /** After an outage: one cap (10 s) and one deadline (5 s) of the refresh rules, and a busy machine. */
    private static final double RECOVERY_SECONDS = 16;
    /** What IMDS has minted so late need not be known yet: the poll period of the shortest lives (5 s), and a busy machine. */
    private static final Duration POLL = Duration.ofSeconds(7);
    private static final Set<String> HARMLESS = new HashSet<>(Arrays.asList("clear", "role_swap", "role_back", "revoke", "rotate_now", "set_role", "not_yet_valid"));

    private final Scenario scenario;
    private final ScenarioRun.Outcome seen;
    private final List<String> broken = new ArrayList<>();

    private Verdict(Scenario scenario, ScenarioRun.Outcome seen) {
        this.scenario = scenario;
        this.seen = seen;
    }

    /** What did not hold; empty if all did. */
    static List<String> of(Scenario scenario, ScenarioRun.Outcome seen) {
        Verdict verdict = new Verdict(scenario, seen);
        verdict.calls();
        verdict.promise();
        verdict.waits();
        verdict.keys();
        verdict.end();
        verdict.words();
        verdict.traffic();
        return verdict.broken;
    }

    private void calls() {
        for (ScenarioRun.Call call : seen.calls) {
            boolean allowed = Stream.concat(scenario.expect.mayFail.stream(), scenario.expect.mustFail.stream())
                    .anyMatch(w -> w.covers(call.second) && (w.codes.isEmpty() || w.codes.contains(call.code)));
            if (call.code != null && !allowed) {
                broken.add(String.format("the call of second %.1f failed (%s: %s), signed with %s", call.second, call.code, call.error, call.key));
            }
        }
        for (Scenario.Window window : scenario.expect.mustFail) {
            List<ScenarioRun.Call> within = seen.calls.stream().filter(c -> window.covers(c.second)).collect(Collectors.toList());
            if (within.isEmpty() || within.stream().anyMatch(c -> c.code == null)) {
                broken.add("not every call from second " + window.from + " to " + window.to + " failed, but: " + window.because);
            }
        }
        if (seen.calls.size() < scenario.seconds / 10) {
            broken.add("only " + seen.calls.size() + " calls were made");
        }
    }

    /** No ExpiredToken in any second in which IMDS had live credentials to give, or had given them before. */
    private void promise() {
        for (ScenarioRun.Call call : seen.calls) {
            if (!"ExpiredToken".equals(call.code)) {
                continue;
            }
            for (World.CredentialSet set : seen.sets) {
                boolean given = seen.journal.stream().anyMatch(e -> e.gave(set.key) && e.at.isBefore(call.begun.minus(UNDER_WAY)));
                boolean toGive = imdsWasWell(call.second) && set.servedFrom != null && set.servedFrom.isBefore(call.begun.minus(POLL));
                if (set.liveAt(call.begun) && (given || toGive)) {
                    broken.add(String.format("ExpiredToken in second %.1f, although IMDS %s %s, which lives until %s", call.second,
                            given ? "had given" : "had to give", set.key, set.expiration));
                }
            }
        }
    }

    /** Whether no fault of IMDS was at work then or shortly before. */
    private boolean imdsWasWell(double second) {
        double faultySince = -1;
        for (Scenario.Step step : scenario.timeline) {
            if (step.at > second) {
                break;
            }
            for (JsonNode action : actions(step)) {
                String name = action.get("action").asText();
                if (!HARMLESS.contains(name)) {
                    faultySince = step.at;
                } else if (faultySince >= 0 && (name.equals("clear") || name.equals("role_back")) && second > step.at + RECOVERY_SECONDS) {
                    faultySince = -1;
                }
            }
        }
        return faultySince < 0;
    }

    private static List<JsonNode> actions(Scenario.Step step) {
        List<JsonNode> actions = new ArrayList<>();
        if (step.action != null && step.action.isArray()) {
            step.action.forEach(actions::add);
        } else if (step.action != null) {
            actions.add(step.action);
        }
        return actions;
    }

    private void waits() {
        long first = seen.calls.isEmpty() ? 0 : seen.calls.get(0).waitedMillis;
        long longest = seen.calls.stream().skip(1).mapToLong(c -> c.waitedMillis).max().orElse(0);
        if (first > scenario.expect.firstWaitMillis) {
            broken.add("the first read waited " + first + " ms; " + scenario.expect.firstWaitMillis + " is allowed");
        }
        if (longest > scenario.expect.longestWaitMillis) {
            broken.add("a later read waited " + longest + " ms; " + scenario.expect.longestWaitMillis + " is allowed");
        }
    }

    private void keys() {
        Set<String> used = seen.calls.stream().filter(c -> c.code == null).map(c -> c.key).collect(Collectors.toSet());
        if (used.size() < scenario.expect.keysAtLeast || used.size() > scenario.expect.keysAtMost) {
            broken.add("calls were signed with " + used.size() + " keys, not " + scenario.expect.keysAtLeast + " to " + scenario.expect.keysAtMost + ": " + used);
        }
    }

    private void end() {
        String held = seen.last.accessKeyId().orElse("nothing");
        List<World.CredentialSet> living = seen.sets.stream().filter(s -> s.expiration.isAfter(seen.end) && s.servedFrom != null).collect(Collectors.toList());
        List<String> acceptable = acceptable(living);
        if (scenario.expect.finalKey != Scenario.FinalKey.ANY && !acceptable.contains(held)) {
            broken.add("in the end " + held + " is held, not " + acceptable);
        }
        if (!scenario.expect.finalPhases.contains(seen.last.phase().name())) {
            broken.add("the last phase is " + seen.last.phase() + ", not " + scenario.expect.finalPhases);
        }
        if (scenario.expect.finalRole != null && !Optional.of(scenario.expect.finalRole).equals(seen.last.identity())) {
            broken.add("the last identity is " + seen.last.identity() + ", not " + scenario.expect.finalRole);
        }
    }

    private List<String> acceptable(List<World.CredentialSet> living) {
        int last = living.size() - 1;
        if (scenario.expect.finalKey == Scenario.FinalKey.FORMER) {
            return last < 1 ? new ArrayList<>() : Arrays.asList(living.get(last - 1).key);
        }
        List<String> newest = new ArrayList<>();
        for (int i = last; i >= 0; i--) {
            newest.add(living.get(i).key);
            if (living.get(i).mintedAt.isBefore(seen.end.minus(POLL))) {
                break;
            }
        }
        return newest;
    }

    private void words() {
        String all = String.join("\n", seen.errors) + seen.calls.stream().map(c -> "\n" + c.error).collect(Collectors.joining());
        for (String text : scenario.expect.errorsContain) {
            if (!all.contains(text)) {
                broken.add("no error says \"" + text + "\"; there are: " + seen.errors);
            }
        }
        if (seen.last.lastError().isPresent() && !seen.last.lastErrorFix().isPresent()) {
            broken.add("the last error does not say what to do: " + seen.last.lastError());
        }
        if (scenario.expect.noErrors && !seen.errors.isEmpty()) {
            broken.add("errors, though nothing was wrong: " + seen.errors);
        }
        if (seen.warnings.size() > scenario.expect.warningsAtMost || seen.warnings.size() < scenario.expect.warningsAtLeast) {
            broken.add(seen.warnings.size() + " warnings; " + scenario.expect.warningsAtLeast + " to " + scenario.expect.warningsAtMost + " are allowed: "
                    + seen.warnings);
        }
    }

    private void traffic() {
        if (seen.journal.size() > scenario.expect.imdsRequestsAtMost) {
            broken.add(seen.journal.size() + " requests to IMDS; " + scenario.expect.imdsRequestsAtMost + " are allowed");
        }
        for (String part : scenario.expect.imdsNeverAsked) {
            seen.journal.stream().filter(e -> e.path.contains(part)).findFirst().ifPresent(e -> broken.add("IMDS was asked for " + e.path));
        }
        Instant throttled = null;
        for (World.Entry entry : seen.journal) {
            if (throttled != null && scenario.expect.quietAfter429 > 0
                    && Duration.between(throttled, entry.at).toMillis() < scenario.expect.quietAfter429 * 1000) {
                broken.add("IMDS was asked " + Duration.between(throttled, entry.at) + " after a 429");
            }
            throttled = entry.status == 429 ? entry.at : throttled;
        }
        if (scenario.expect.quietAfter429 > 0 && throttled == null) {
            broken.add("IMDS never answered 429");
        }
    }
}
