// The values that say where credentials come from: what they refuse, and when two are equal.
package io.github.evercreds;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.net.URI;
import java.nio.file.Paths;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.Test;

public class SourceTest {
    private static final String ROLE = "arn:aws:iam::123456789012:role/app";

    private static String of(int length) {
        return new String(new char[length]).replace('\0', 'a');
    }

    private static AssumeRole.Builder role() {
        return AssumeRole.builder().roleArn(ROLE);
    }

    /** Each must begin with the option's name and say what is allowed. */
    private static void refused(List<String> wrong, String option, Runnable call) {
        try {
            call.run();
            wrong.add(option + ": nothing was thrown");
        } catch (IllegalArgumentException refused) {
            String said = refused.getMessage();
            if (!said.startsWith(option + ": ") || !said.contains("allowed") || said.contains("hunter2")) {
                wrong.add(option + ": " + said);
            }
        }
    }

    @Test
    public void what_iam_and_sts_would_refuse_is_refused_at_once() {
        List<String> wrong = new ArrayList<>();
        for (String arn : new String[] {"", "app", "arn:aws:iam::1234:role/app", "arn:aws:iam::123456789012:user/app", "arn:aws:iam::123456789012:role/",
                "arn:aws:iam::123456789012:role/a b", "arn:gcp:iam::123456789012:role/app", ROLE + "\n", "arn:aws:iam::123456789012:role/" + of(65),
                "arn:aws:iam::123456789012:role/" + of(2048) + "/app"}) {
            refused(wrong, "roleArn", () -> role().roleArn(arn));
            refused(wrong, "roleArn", () -> WebIdentity.builder().roleArn(arn));
            refused(wrong, "roleArn", () -> Source.assumeRole(arn));
            refused(wrong, "assumeRole", () -> Refresher.builder().assumeRole(arn));
        }
        for (String name : new String[] {"", "a", "a b", of(65), "a/b", "a\n", "\u00e4\u00e4"}) {
            refused(wrong, "roleSessionName", () -> role().roleSessionName(name));
            refused(wrong, "roleSessionName", () -> WebIdentity.builder().roleSessionName(name));
            refused(wrong, "sourceIdentity", () -> role().sourceIdentity(name));
        }
        for (String id : new String[] {"", "a", "hunter2 ", of(1225), "hunter2?"}) {
            refused(wrong, "externalId", () -> role().externalId(id));
        }
        for (Duration d : new Duration[] {Duration.ZERO, Duration.ofMinutes(15).minusSeconds(1), Duration.ofHours(12).plusSeconds(1), Duration.ofSeconds(Long.MAX_VALUE),
                Duration.ofMillis(3_600_001)}) {
            refused(wrong, "duration", () -> role().duration(d));
            refused(wrong, "duration", () -> WebIdentity.builder().duration(d));
        }
        for (String policy : new String[] {"", of(2049), "{\"hunter2\":\"\u20ac\"}", "hunter2\0"}) {
            refused(wrong, "policy", () -> role().policy(policy));
            refused(wrong, "policy", () -> WebIdentity.builder().policy(policy));
        }
        for (String arn : new String[] {"", "ReadOnlyAccess", ROLE, "arn:aws:iam::aws:policy/"}) {
            refused(wrong, "policyArn", () -> role().policyArn(arn));
            refused(wrong, "policyArn", () -> WebIdentity.builder().policyArn(arn));
        }
        for (String region : new String[] {"", "EU-WEST-1", "eu west", "eu-west-1.evil.example", "-eu", of(64)}) {
            refused(wrong, "region", () -> role().region(region));
            refused(wrong, "region", () -> WebIdentity.builder().region(region));
        }
        for (String uri : new String[] {"ftp://h", "https:///x", "h", "https://h/?q", "https://h/#f", "https://me:hunter2@h/"}) {
            refused(wrong, "endpoint", () -> role().endpoint(URI.create(uri)));
            refused(wrong, "endpoint", () -> WebIdentity.builder().endpoint(URI.create(uri)));
        }
        refused(wrong, "endpoint", () -> InstanceProfile.builder().endpoint(URI.create("https://h")));
        refused(wrong, "roleName", () -> InstanceProfile.builder().roleName(ROLE));
        for (String key : new String[] {"", of(129), "a*", "aws:a", "AWS:a"}) {
            refused(wrong, "key", () -> role().tag(key, "v"));
            refused(wrong, "transitiveTagKey", () -> role().transitiveTagKey(key));
        }
        refused(wrong, "value", () -> role().tag("k", of(257)));
        refused(wrong, "value", () -> role().tag("k", "hunter2*"));
        refused(wrong, "tag", () -> role().tag("k", "v").tag("K", "w"));
        refused(wrong, "tokenFile", () -> WebIdentity.builder().tokenFile(Paths.get("")));
        for (String name : new String[] {"", " ", "a\n", of(257)}) {
            refused(wrong, "name", () -> Source.profile(name));
            refused(wrong, "profile", () -> Refresher.builder().profile(name));
        }
        for (String command : new String[] {"", " \t", "hunter2\0", of(8192)}) {
            refused(wrong, "command", () -> Source.process(command));
            refused(wrong, "process", () -> Refresher.builder().process(command));
        }
        assertEquals(Collections.emptyList(), wrong);
    }

    @Test
    public void what_iam_and_sts_take_is_taken() {
        for (String arn : new String[] {ROLE, "arn:aws-cn:iam::123456789012:role/app", "arn:aws-us-gov:iam::123456789012:role/a/b/c",
                "arn:aws-iso-b:iam::123456789012:role/service-role/x+=,.@-_", "arn:aws:iam::123456789012:role/" + of(500) + "/" + of(64)}) {
            assertEquals(arn, AssumeRole.builder().roleArn(arn).build().roleArn());
        }
        AssumeRole role = role().roleSessionName("a.b").externalId("ab").externalId(of(1224)).duration(Duration.ofMinutes(15)).duration(Duration.ofHours(12))
                .policy(of(2048)).policy("{\n\t\"a\": \"\u00ff\"}").policyArn("arn:aws:iam::aws:policy/job-function/Billing").tag("L\u00e4nge 1", "").sourceIdentity("me@example.com")
                .region("us-gov-west-1").endpoint(URI.create("https://sts.internal:8443")).build();
        assertEquals(Duration.ofHours(12), role.duration().get());
        assertEquals(Source.defaultChain(), role.source());
    }

    @Test
    public void more_than_there_is_room_for_is_refused() {
        AssumeRole.Builder full = role();
        for (int i = 0; i < 50; i++) {
            full.tag("k" + i, "v").transitiveTagKey("k" + i);
        }
        WebIdentity.Builder token = WebIdentity.builder();
        for (int i = 0; i < 10; i++) {
            full.policyArn("arn:aws:iam::aws:policy/p" + i);
            token.policyArn("arn:aws:iam::aws:policy/p" + i);
        }
        assertEquals(50, full.build().tags().size());
        List<String> wrong = new ArrayList<>();
        refused(wrong, "tag", () -> full.tag("k50", "v"));
        refused(wrong, "transitiveTagKey", () -> full.transitiveTagKey("k50"));
        refused(wrong, "policyArn", () -> full.policyArn("arn:aws:iam::aws:policy/p10"));
        refused(wrong, "policyArn", () -> token.policyArn("arn:aws:iam::aws:policy/p10"));
        refused(wrong, "source", () -> {
            Source base = Source.defaultChain();
            for (int i = 0; i < 11; i++) {
                base = Source.assumeRole(role().source(base).build());
            }
        });
        assertEquals(Collections.emptyList(), wrong);
    }

    @Test
    public void a_role_needs_an_arn() {
        try {
            AssumeRole.builder().build();
            fail("built without a role");
        } catch (NullPointerException refused) {
            assertTrue(refused.getMessage(), refused.getMessage().startsWith("roleArn must not be null"));
        }
    }

    @Test
    public void equal_values_are_one_source_and_each_part_makes_a_difference() {
        Map<String, Source> different = new LinkedHashMap<>();
        different.put("plain", Source.assumeRole(ROLE));
        different.put("session", Source.assumeRole(role().roleSessionName("me").build()));
        different.put("external id", Source.assumeRole(role().externalId("id").build()));
        different.put("duration", Source.assumeRole(role().duration(Duration.ofHours(2)).build()));
        different.put("policy", Source.assumeRole(role().policy("{}").build()));
        different.put("managed", Source.assumeRole(role().policyArn("arn:aws:iam::aws:policy/p").build()));
        different.put("tag", Source.assumeRole(role().tag("k", "v").build()));
        different.put("transitive", Source.assumeRole(role().transitiveTagKey("k").build()));
        different.put("identity", Source.assumeRole(role().sourceIdentity("me").build()));
        different.put("region", Source.assumeRole(role().region("eu-west-1").build()));
        different.put("endpoint", Source.assumeRole(role().endpoint(URI.create("http://h")).build()));
        different.put("base", Source.assumeRole(role().source(Source.profile("a")).build()));
        different.put("token", Source.webIdentity(WebIdentity.builder().roleArn(ROLE).build()));
        different.put("token file", Source.webIdentity(WebIdentity.builder().roleArn(ROLE).tokenFile(Paths.get("/t")).build()));
        different.put("any token", Source.webIdentity());
        different.put("profile", Source.profile());
        different.put("profile a", Source.profile("a"));
        different.put("process a", Source.process("a"));
        different.put("instance", Source.instanceProfile());
        different.put("instance role", Source.instanceProfile(InstanceProfile.builder().roleName("a").build()));
        different.put("container", Source.container());
        different.put("chain", Source.defaultChain());
        for (Map.Entry<String, Source> one : different.entrySet()) {
            for (Map.Entry<String, Source> other : different.entrySet()) {
                if (one != other && !one.getKey().equals(other.getKey())) {
                    assertNotEquals(one.getKey() + " and " + other.getKey(), one.getValue(), other.getValue());
                }
            }
        }
        assertEquals(Source.assumeRole(ROLE), Source.assumeRole(role().build()));
        assertEquals(Source.assumeRole(ROLE).hashCode(), Source.assumeRole(role().build()).hashCode());
        assertEquals(Source.instanceProfile(), Source.instanceProfile(InstanceProfile.builder().build()));
        assertEquals(Source.webIdentity(), Source.webIdentity(WebIdentity.builder().build()));
    }

    @Test
    public void what_was_built_stays_when_its_builder_goes_on() {
        AssumeRole.Builder builder = role().tag("a", "1").policyArn("arn:aws:iam::aws:policy/p");
        AssumeRole built = builder.build();
        builder.tag("b", "2").policyArn("arn:aws:iam::aws:policy/q");
        assertEquals(Collections.singletonMap("a", "1"), built.tags());
        assertEquals(1, built.policyArns().size());
        try {
            built.tags().clear();
            fail("the tags can be changed");
        } catch (UnsupportedOperationException expected) {
            assertFalse(built.tags().isEmpty());
        }
    }

    @Test
    public void a_source_is_named_in_logs_by_its_title() {
        assertEquals("role app", Source.assumeRole("arn:aws:iam::123456789012:role/path/app").title());
        assertEquals("profile reporting", Source.profile("reporting").title());
        assertEquals("process", Source.process("print hunter2").title());
        assertEquals("web identity app", Source.webIdentity(WebIdentity.builder().roleArn(ROLE).build()).title());
        assertEquals(100, Source.profile(of(256)).title().length());
    }
}
