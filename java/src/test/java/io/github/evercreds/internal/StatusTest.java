// What a person reads at 3 a.m. is true.
package io.github.evercreds.internal;

import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.Phase;
import io.github.evercreds.Status;
import org.junit.Test;

public class StatusTest {
    private static StatusValue.Builder fresh() {
        return new StatusValue.Builder().label("orders").held(Phase.FRESH, "AKID", "instance profile", "app-role", null);
    }

    private static void says(StatusValue.Builder of, boolean expected, String text) {
        String said = of.build().toString();
        assertTrue(said, said.contains(text) == expected);
    }

    @Test
    public void all_is_well_only_while_no_attempt_fails_and_no_service_rejects() {
        says(fresh(), true, "all is well");
        says(fresh().attempts("cannot connect: connection refused", null, 3, 9, false), false, "all is well");
        says(fresh().attempts("cannot connect: connection refused", null, 3, 9, false), true, "FRESH: they live, but the last attempt failed");
        says(fresh().marks(true, false), true, "FRESH: they live, but a service rejected them");
    }

    @Test
    public void where_an_sdks_provider_serves_nothing_is_said_of_attempts_and_clocks_that_are_not_ours() {
        StatusValue.Builder delegated = new StatusValue.Builder().label("orders").delegated("the.sdk.Provider", "evercreds.mode is off");
        says(delegated, true, "another provider serves");
        says(delegated, true, "the.sdk.Provider");
        for (String ours : new String[] {"nothing is held yet", "next attempt", "clock"}) {
            says(delegated, false, ours);
        }
    }

    @Test
    public void the_json_has_no_line_end_and_says_the_same() {
        String json = fresh().marks(true, false).build().toJson();
        assertFalse(json, json.contains("\n"));
        assertTrue(json, json.contains("\"phase\":\"FRESH\"") && json.contains("\"rejected\":true"));
    }

    @Test
    public void a_status_has_words_json_and_no_gaps() {
        Status status = new StatusValue.Builder().label("x").build();
        assertTrue(status.toString(), status.toString().contains("nothing is held yet"));
        assertTrue(status.toJson(), status.toJson().startsWith("{\"label\":\"x\",\"phase\":\"NONE\""));
    }
}
