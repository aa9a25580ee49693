// Null and illegal values: which argument, what was given, what is allowed.
package io.github.evercreds;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.net.URI;
import java.time.Duration;
import org.junit.Test;

public class BuilderTest {
    private static void refused(Class<? extends RuntimeException> type, String name, Runnable call) {
        try {
            call.run();
        } catch (RuntimeException refused) {
            assertEquals(type, refused.getClass());
            assertTrue(refused.getMessage(), refused.getMessage().startsWith(name));
            return;
        }
        fail(name + " was accepted");
    }

    @Test
    public void null_is_refused_by_name() {
        Refresher.Builder b = Refresher.builder();
        refused(NullPointerException.class, "endpoint", () -> b.endpoint(null));
        refused(NullPointerException.class, "roleName", () -> b.roleName(null));
        refused(NullPointerException.class, "advisoryWindow", () -> b.advisoryWindow(null));
        refused(NullPointerException.class, "maxStale", () -> b.maxStale(null));
        refused(NullPointerException.class, "expectRole", () -> b.expectRole(null));
        refused(NullPointerException.class, "firstReadTimeout", () -> b.firstReadTimeout(null));
        refused(NullPointerException.class, "listener", () -> b.listener(null));
        refused(NullPointerException.class, "onNativeFailure", () -> b.onNativeFailure(null));
        refused(NullPointerException.class, "label", () -> b.label(null));
        refused(NullPointerException.class, "order", () -> b.order(null));
    }

    @Test
    public void illegal_values_are_refused_by_name() {
        Refresher.Builder b = Refresher.builder();
        for (String uri : new String[] {"ftp://x", "http:///x", "relative", "http://h/?q", "http://h/#f", "http://user:pw@h/"}) {
            refused(IllegalArgumentException.class, "endpoint", () -> b.endpoint(URI.create(uri)));
        }
        for (String role : new String[] {"", "a b", "arn:aws:iam::1:role/x", "x\n", new String(new char[65]).replace('\0', 'a')}) {
            refused(IllegalArgumentException.class, "roleName", () -> b.roleName(role));
            refused(IllegalArgumentException.class, "expectRole", () -> b.expectRole(role));
        }
        refused(IllegalArgumentException.class, "advisoryWindow", () -> b.advisoryWindow(Duration.ZERO));
        refused(IllegalArgumentException.class, "advisoryWindow", () -> b.advisoryWindow(Duration.ofHours(13)));
        refused(IllegalArgumentException.class, "maxStale", () -> b.maxStale(Duration.ofMillis(-1)));
        refused(IllegalArgumentException.class, "firstReadTimeout", () -> b.firstReadTimeout(Duration.ofSeconds(Long.MAX_VALUE)));
        refused(IllegalArgumentException.class, "label", () -> b.label(""));
        refused(IllegalArgumentException.class, "label", () -> b.label("a\u0007"));
    }

    @Test
    public void a_password_in_an_endpoint_is_not_repeated() {
        try {
            Refresher.builder().endpoint(URI.create("http://user:hunter2@h/"));
            fail("accepted");
        } catch (IllegalArgumentException refused) {
            assertTrue(refused.getMessage(), !refused.getMessage().contains("hunter2"));
        }
    }

    @Test
    public void options_that_do_not_fit_together_are_refused() {
        refused(IllegalArgumentException.class, "roleName", () -> Refresher.builder().roleName("x").build());
        refused(IllegalArgumentException.class, "source", () -> Refresher.builder().instanceProfile().environmentVariables());
        refused(IllegalArgumentException.class, "source", () -> Refresher.builder().source(Source.defaultChain()).instanceProfile());
        refused(IllegalArgumentException.class, "source", () -> Refresher.builder().profile("a").profile("b"));
        Source named = Source.instanceProfile(InstanceProfile.builder().roleName("a").build());
        refused(IllegalArgumentException.class, "roleName", () -> Refresher.builder().source(named).roleName("b").build());
        Refresher.builder().profile("a").source(Source.profile("a"));
    }
}
