// What happens to the clients, and when?
package io.github.evercreds.demo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * The script of the demo: the same for all clients, all times in seconds of the clients' clock since its start. IMDS
 * rotates by the clock, as the real one does, whether or not anybody asks.
 */
final class Story {
    /** Something that is done to IMDS at one moment. */
    static final class Step {
        final double at;
        /** A JSON object as the simulator's README has it. */
        final String action;

        Step(double at, String action) {
            this.at = at;
            this.action = action;
        }
    }

    /** A stretch of trouble, or a moment if it has no length. */
    static final class Chapter {
        final double from;
        final double to;
        final String title;
        /** Whether IMDS gives nobody live credentials meanwhile. */
        final boolean outage;

        Chapter(double from, double to, String title, boolean outage) {
            this.from = from;
            this.to = to;
            this.title = title;
            this.outage = outage;
        }
    }

    /** From a moment on, so many seconds pass in a real one. */
    static final class Pace {
        final double at;
        final double rate;

        Pace(double at, double rate) {
            this.at = at;
            this.rate = rate;
        }
    }

    final double length;
    /** Seconds between two calls of a client. */
    final double callEvery;
    final int warmUpCalls;
    /** The role at the start. */
    final int lifetime;
    final String lives;
    private final List<Step> steps = new ArrayList<>();
    private final List<Chapter> chapters = new ArrayList<>();
    private final List<Pace> paces = new ArrayList<>();

    private Story(double length, double callEvery, int warmUpCalls, int lifetime, String lives) {
        this.length = length;
        this.callEvery = callEvery;
        this.warmUpCalls = warmUpCalls;
        this.lifetime = lifetime;
        this.lives = lives;
    }

    List<Step> steps() {
        return Collections.unmodifiableList(steps);
    }

    List<Chapter> chapters() {
        return Collections.unmodifiableList(chapters);
    }

    List<Pace> paces() {
        return Collections.unmodifiableList(paces);
    }

    /**
     * Lifetimes as AWS has them, for bent time: sets of 15 minutes whose successor is there 5 minutes before the end
     * (what AWS promises at least), then, with another role, sets of an hour whose successor is there 25 minutes before.
     * Each fault lies where the held set is about to be replaced, for there it can hurt; everywhere else none would show.
     */
    static Story ofRealLifetimes() {
        double minute = 60;
        Story story = new Story(128 * minute, 5, 200, 900, "15 min, later 1 h");
        story.rotations(10 * minute, 10 * minute, 30 * minute);
        story.fault(11.5 * minute, 5 * minute, "status", ",\"code\":429,\"retry_after_s\":60", "IMDS says 429, slow down");
        story.fault(21.5 * minute, 3 * minute, "expired_set", "", "IMDS gives an expired set");
        story.roleSwap(30 * minute, 3600);
        story.rotations(30 * minute, 35 * minute, story.length);
        story.fault(71 * minute, 25 * minute, "refuse", "", "IMDS is down");
        story.fault(108 * minute, 12 * minute, "hang_after_connect", "", "IMDS accepts, never answers");
        // Slower where an IMDS timeout of a second matters: at this rate it is 33 ms of the machine's own time.
        story.pace(0, 64);
        story.pace(10 * minute, 30);
        story.pace(25 * minute, 64);
        story.pace(107 * minute, 30);
        story.pace(121 * minute, 64);
        return story;
    }

    /**
     * The same in real time, for machines on which clocks cannot be bent: sets of 60 seconds, each with its successor
     * 30 seconds before the end. Nothing in AWS lives that briefly, and the SDKs' own providers are not made for it.
     */
    static Story ofShortLifetimes() {
        Story story = new Story(165, 0.5, 20, 60, "60 s");
        story.rotations(30, 30, 126);
        story.fault(39, 24, "refuse", "", "IMDS is down");
        story.fault(106, 12, "hang_after_connect", "", "IMDS accepts, never answers");
        story.roleSwap(126, 60);
        story.rotations(126, 30, story.length);
        story.fault(134, 8, "status", ",\"code\":429,\"retry_after_s\":5", "IMDS says 429, slow down");
        story.fault(147, 8, "expired_set", "", "IMDS gives an expired set");
        story.pace(0, 1);
        return story;
    }

    private void rotations(double first, double every, double before) {
        for (double at = first; at < before; at += every) {
            steps.add(new Step(at, "{\"action\":\"rotate_now\"}"));
        }
    }

    private void fault(double from, double length, String action, String details, String title) {
        steps.add(new Step(from, String.format(Locale.ROOT, "{\"action\":\"%s\"%s,\"for_s\":%.1f}", action, details, length)));
        chapters.add(new Chapter(from, from + length, title, true));
    }

    private void roleSwap(double at, int lifetime) {
        steps.add(new Step(at, "{\"action\":\"set_role\",\"lifetime_s\":" + lifetime + "}"));
        steps.add(new Step(at, "{\"action\":\"role_swap\",\"name\":\"other-role\"}"));
        chapters.add(new Chapter(at, at, "the role is replaced", false));
    }

    private void pace(double at, double rate) {
        paces.add(new Pace(at, rate));
    }
}
