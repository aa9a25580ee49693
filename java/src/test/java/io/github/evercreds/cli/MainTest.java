// The commands: what they print where, and their exit codes.
package io.github.evercreds.cli;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.Refresher;
import io.github.evercreds.Snapshot;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.UnsupportedEncodingException;
import java.time.Instant;
import org.junit.After;
import org.junit.Test;

public class MainTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) throws UnsupportedEncodingException {
        return Main.run(args, new PrintStream(out, true, "UTF-8"), new PrintStream(err, true, "UTF-8"));
    }

    @After
    public void clear() {
        for (String name : new String[] {"aws.accessKeyId", "aws.secretKey", "aws.secretAccessKey", "aws.sessionToken", "aws.profile",
                                          "aws.disableEc2Metadata"}) {
            System.clearProperty(name);
        }
        Refresher.shutdownAll();
    }

    @Test
    public void credentials_are_printed_as_a_credential_process_does() throws Exception {
        System.setProperty("aws.accessKeyId", "AKID");
        System.setProperty("aws.secretAccessKey", "secret\"");
        System.setProperty("aws.sessionToken", "token");
        assertEquals(err.toString(), 0, run("credentials"));
        assertEquals("{\"Version\":1,\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"secret\\\"\",\"SessionToken\":\"token\"}", out.toString("UTF-8").trim());
    }

    @Test
    public void the_order_decides_whose_property_names_count() throws Exception {
        System.setProperty("aws.accessKeyId", "AKID1");
        System.setProperty("aws.secretKey", "secret");
        assertEquals(err.toString(), 0, run("credentials", "--order", "v1"));
        assertTrue(out.toString("UTF-8").contains("AKID1"));
    }

    @Test
    public void expiration_and_account_are_told_when_known() {
        assertEquals("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\"Expiration\":\"2026-01-02T03:04:05Z\",\"AccountId\":\"123456789012\"}",
                Main.json(new Snapshot("A", "s", "t", Instant.parse("2026-01-02T03:04:05Z"), "123456789012", "instance profile", "role")));
    }

    @Test
    public void a_failure_prints_nothing_on_the_standard_output() throws Exception {
        System.setProperty("aws.profile", "reporting");
        assertEquals(1, run("credentials"));
        assertEquals("", out.toString("UTF-8"));
        assertTrue(err.toString("UTF-8"), err.toString("UTF-8").contains("profile"));
    }

    @Test
    public void the_instance_profile_is_asked_whatever_profile_runs_the_command() throws Exception {
        System.setProperty("aws.profile", "the one whose credential_process this is");
        System.setProperty("aws.disableEc2Metadata", "true");
        assertEquals(1, run("credentials", "--instance-profile"));
        assertTrue(err.toString("UTF-8"), err.toString("UTF-8").contains("disabled by aws.disableEc2Metadata"));
    }

    @Test
    public void wrong_usage_is_two_and_says_what_is_right() throws Exception {
        for (String[] wrong : new String[][] {{}, {"frobnicate"}, {"credentials", "--order"}, {"credentials", "--order", "v3"}, {"credentials", "x"},
                {"credentials", "--profile"}, {"credentials", "--profile", ""}, {"credentials", "--profile", "a", "--instance-profile"},
                {"credentials", "--profile", "a", "--profile", "b"}}) {
            out.reset();
            err.reset();
            assertEquals(2, run(wrong));
            assertEquals("", out.toString("UTF-8"));
            assertTrue(err.toString("UTF-8").contains("usage:"));
        }
    }

    @Test
    public void help_and_version_are_answers() throws Exception {
        assertEquals(0, run("--help"));
        assertEquals(0, run("--version"));
        assertTrue(out.toString("UTF-8").contains("credentials") && out.toString("UTF-8").contains("evercreds "));
    }

    @Test
    public void a_profile_that_is_named_goes_before_all_that_is_declared() throws Exception {
        System.setProperty("aws.accessKeyId", "AKID");
        System.setProperty("aws.secretAccessKey", "secret");
        assertEquals(1, run("credentials", "--profile", "there-is-no-such-profile"));
        assertEquals("", out.toString("UTF-8"));
        assertTrue(err.toString("UTF-8"), err.toString("UTF-8").startsWith("evercreds: "));
    }

    @Test
    public void what_runs_inside_itself_is_counted_by_a_variable_and_nonsense_counts_nothing() {
        assertEquals(0, Main.depth(null));
        assertEquals(4, Main.depth("4"));
        for (String nonsense : new String[] {"", "-1", "four", "99999999999999"}) {
            assertEquals(0, Main.depth(nonsense));
        }
    }
}
