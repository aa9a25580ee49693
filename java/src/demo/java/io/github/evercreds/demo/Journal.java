// When did each client's provider ask IMDS?
package io.github.evercreds.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The simulator's record of IMDS requests. A refused connect leaves no entry: the kernel answers it. */
final class Journal {
    private final JsonNode entries;

    Journal(JsonNode entries) {
        this.entries = entries;
    }

    /** The moments of a client's requests in [from, to), wall milliseconds. */
    List<Long> requests(Contender contender, long from, long to) {
        List<Long> moments = new ArrayList<>();
        for (JsonNode entry : entries) {
            if (entry.get("service").asText().equals("imds") && entry.get("listener").asText().equals(contender.id)) {
                long at = Instant.parse(entry.get("at").asText()).toEpochMilli();
                if (at >= from && at < to) {
                    moments.add(at);
                }
            }
        }
        return moments;
    }
}
