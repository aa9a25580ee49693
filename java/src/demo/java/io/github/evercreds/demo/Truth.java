// When was there a live set of credentials to be had, or one that IMDS had handed out before?
package io.github.evercreds.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What the simulator says of its credential sets, and the outages; times in wall milliseconds of the clients' clock. */
final class Truth {
    /** One set. */
    static final class CredentialSet {
        final String accessKeyId;
        final String role;
        final long mintedAt;
        /** Long.MAX_VALUE if IMDS never gave it out. */
        final long servedFrom;
        final long expiration;

        private CredentialSet(JsonNode set) {
            accessKeyId = set.get("access_key_id").asText();
            role = set.get("role").asText();
            mintedAt = millis(set.get("minted_at"));
            servedFrom = set.get("served_from").isNull() ? Long.MAX_VALUE : millis(set.get("served_from"));
            expiration = millis(set.get("expiration"));
        }

        private static long millis(JsonNode time) {
            return Instant.parse(time.asText()).toEpochMilli();
        }
    }

    private final List<CredentialSet> sets = new ArrayList<>();
    private final Story story;
    private final long start;

    /**
     * The truth of one run.
     *
     * @param start the moment from which the story's times count
     */
    Truth(JsonNode sets, Story story, long start) {
        sets.forEach(set -> this.sets.add(new CredentialSet(set)));
        this.story = story;
        this.start = start;
    }

    List<CredentialSet> sets() {
        return Collections.unmodifiableList(sets);
    }

    /** Whether, at that moment, IMDS gave live credentials, or had before given anybody a set that is still alive. */
    boolean credentialsWereToBeHad(long moment) {
        for (CredentialSet set : sets) {
            if (set.servedFrom <= moment && moment < set.expiration) {
                return true;
            }
        }
        double second = (moment - start) / 1000.0;
        return story.chapters().stream().noneMatch(chapter -> chapter.outage && chapter.from <= second && second < chapter.to);
    }
}
