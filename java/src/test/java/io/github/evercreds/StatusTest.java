// What a person reads at 3 a.m. is true.
package io.github.evercreds;

import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

public class StatusTest {
    private static Status.Builder fresh() {
        return new Status.Builder().label("orders").held(Phase.FRESH, "AKID", "instance profile", "app-role", null);
    }

    private static void says(Status.Builder of, boolean expected, String text) {
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
        Status.Builder delegated = new Status.Builder().label("orders").delegated("the.sdk.Provider", "evercreds.mode is off");
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
}
