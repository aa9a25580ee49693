// What may be printed holds no secret.
package io.github.evercreds.internal;

import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.AssumeRole;
import io.github.evercreds.Phase;
import io.github.evercreds.Source;
import io.github.evercreds.Status;
import java.time.Duration;
import org.junit.Test;

public class NoSecretTest {
    @Test
    public void nothing_that_prints_itself_shows_a_secret() {
        FakeClock clock = new FakeClock();
        Cell fixture = new Cell(clock);
        Subscription reader = fixture.reader(Duration.ZERO);
        fixture.publish(fixture.held("AKIDSHOWN", 60_000, 10_000).andThen(b -> {
            b.errorMessage = "refused";
            b.failures = 1;
        }));
        State s = fixture.cell.state();
        Status status = reader.status();
        String all = s + "\n" + fixture.cell + "\n" + reader + "\n" + s.toSnapshot() + "\n" + status + "\n" + status.toJson() + "\n"
                + ReadFailures.dead(fixture.cell, s) + ReadFailures.nothingHeld(fixture.cell, s, 1L) + ReadFailures.tooShort(fixture.cell, s, Duration.ZERO, 1)
                + NativeTest.staticKeys() + new Config(new Settings(io.github.evercreds.Order.V1), NativeTest.staticKeys());
        AssumeRole role = AssumeRole.builder().roleArn("arn:aws:iam::123456789012:role/app").externalId(Cell.SECRET.replaceAll("[^A-Za-z0-9]", "x")).build();
        Source source = Source.assumeRole(role);
        String shown = role + " " + source + " " + source.title() + " " + Source.process("print " + Cell.SECRET);
        assertFalse(shown, shown.contains(role.externalId().get()) || shown.contains(Cell.SECRET));
        assertTrue(all, all.contains("AKIDSHOWN") && status.phase() == Phase.FRESH);
        assertFalse(all, all.contains(Cell.SECRET) || all.contains(Cell.TOKEN));
    }
}
