// The command in a process of its own: what the environment says counts, and it never runs inside itself for ever.
package io.github.evercreds.jvm;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.cli.Main;
import org.junit.Test;

public class CommandTest {
    private static ChildJvm command(String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = "credentials";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return new ChildJvm(Main.class, all);
    }

    @Test
    public void keys_of_the_environment_are_printed_as_one_line_of_json() {
        ChildJvm.Ended ended = command().variable("AWS_ACCESS_KEY_ID", "AKIDENV").variable("AWS_SECRET_ACCESS_KEY", "secret")
                .variable("AWS_SESSION_TOKEN", "token").variable("AWS_ACCOUNT_ID", "123456789012").run();
        assertEquals(ended.output, 0, ended.exitCode);
        // A new JDK warns of native code on the standard error, where the manifest of the jar does not speak for us.
        assertEquals("{\"Version\":1,\"AccessKeyId\":\"AKIDENV\",\"SecretAccessKey\":\"secret\",\"SessionToken\":\"token\",\"AccountId\":\"123456789012\"}", ended.output.trim().replaceAll("(?s).*\n", ""));
    }

    @Test
    public void inside_itself_it_ends_with_a_reason_and_exit_code_one() {
        for (String[] arguments : new String[][] {{}, {"--profile", "app"}, {"--order", "v1"}}) {
            ChildJvm.Ended ended = command(arguments).variable("EVERCREDS_PROCESS_DEPTH", "4").variable("AWS_ACCESS_KEY_ID", "AKIDENV")
                    .variable("AWS_SECRET_ACCESS_KEY", "secret").run();
            assertEquals(ended.output, 1, ended.exitCode);
            assertTrue(ended.output, ended.output.contains("evercreds: ") && !ended.output.contains("AKIDENV") && ended.output.contains("runs inside itself more than 3 times") && ended.output.contains("What to do"));
        }
    }

    @Test
    public void where_it_cannot_be_a_circle_it_serves() {
        ChildJvm.Ended third = command().variable("EVERCREDS_PROCESS_DEPTH", "3").variable("AWS_ACCESS_KEY_ID", "AKIDENV")
                .variable("AWS_SECRET_ACCESS_KEY", "secret").run();
        assertEquals(third.output, 0, third.exitCode);
        ChildJvm.Ended instance = command("--instance-profile").variable("EVERCREDS_PROCESS_DEPTH", "9").variable("AWS_EC2_METADATA_DISABLED", "true").run();
        assertEquals(instance.output, 1, instance.exitCode);
        assertTrue(instance.output, instance.output.contains("disabled by AWS_EC2_METADATA_DISABLED"));
    }
}
