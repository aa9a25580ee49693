// What a builder has collected: every value is checked here, once, with a message that names it.
package io.github.evercreds.internal;

import io.github.evercreds.NativeFailure;
import io.github.evercreds.Order;
import io.github.evercreds.RefresherListener;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;

/** What a builder has collected. For one thread until it is copied for a provider. */
public final class Settings {
    /** Where credentials come from. */
    public enum Source {
        DEFAULT("default", "default chain"),
        INSTANCE_PROFILE("instanceProfile", "instance profile"),
        ENVIRONMENT_VARIABLES("environmentVariables", "environment variables"),
        SYSTEM_PROPERTIES("systemProperties", "system properties");

        /** The name at the native boundary. */
        final String wireName;
        /** The name for people. */
        public final String title;

        Source(String wireName, String title) {
            this.wireName = wireName;
            this.title = title;
        }
    }

    private static final Pattern ROLE = Pattern.compile("[A-Za-z0-9_+=,.@-]{1,64}");

    private Order order;
    private Source source = Source.DEFAULT;
    private URI endpoint;
    private String roleName;
    private boolean fallThrough;
    private Duration advisoryWindow;
    private Duration maxStale;
    private String expectRole;
    private Duration firstReadTimeout = Duration.ofSeconds(5);
    private RefresherListener listener;
    private NativeFailure onNativeFailure = NativeFailure.FALL_BACK;
    private String label;

    public Settings(Order order) {
        this.order = order;
    }

    /** A copy, so that a builder may be used further without changing what it has built. */
    public Settings(Settings from) {
        order = from.order;
        source = from.source;
        endpoint = from.endpoint;
        roleName = from.roleName;
        fallThrough = from.fallThrough;
        advisoryWindow = from.advisoryWindow;
        maxStale = from.maxStale;
        expectRole = from.expectRole;
        firstReadTimeout = from.firstReadTimeout;
        listener = from.listener;
        onNativeFailure = from.onNativeFailure;
        label = from.label;
    }

    public void order(Order value) {
        order = Objects.requireNonNull(value, "order must not be null: allowed are V1 and V2");
    }

    public void source(Source value) {
        if (source != Source.DEFAULT && source != value) {
            throw new IllegalArgumentException("source: " + value.title + " was asked for after " + source.title
                    + "; name one source only");
        }
        source = value;
    }

    public void endpoint(URI value) {
        Objects.requireNonNull(value, "endpoint must not be null: an http URI is needed");
        if (!"http".equalsIgnoreCase(value.getScheme()) || value.getHost() == null || value.getRawQuery() != null || value.getRawFragment() != null || value.getRawUserInfo() != null) {
            throw new IllegalArgumentException("endpoint: " + withoutUser(value)
                    + " was given; an http URI with a host, without user, query and fragment is allowed");
        }
        endpoint = value;
    }

    private static String withoutUser(URI uri) {
        return uri.getRawUserInfo() == null ? uri.toString() : uri.toString().replace(uri.getRawUserInfo(), "***");
    }

    public void roleName(String value) {
        roleName = role("roleName", value);
    }

    public void fallThrough(boolean value) {
        fallThrough = value;
    }

    public void advisoryWindow(Duration value) {
        advisoryWindow = within("advisoryWindow", value, Duration.ofSeconds(1), Duration.ofHours(12));
    }

    public void maxStale(Duration value) {
        maxStale = within("maxStale", value, Duration.ZERO, Duration.ofDays(365));
    }

    public void expectRole(String value) {
        expectRole = role("expectRole", value);
    }

    public void firstReadTimeout(Duration value) {
        firstReadTimeout = within("firstReadTimeout", value, Duration.ZERO, Duration.ofMinutes(10));
    }

    public void listener(RefresherListener value) {
        listener = Objects.requireNonNull(value, "listener must not be null");
    }

    public void onNativeFailure(NativeFailure value) {
        onNativeFailure = Objects.requireNonNull(value, "onNativeFailure must not be null: allowed are FALL_BACK and FAIL");
    }

    public void label(String value) {
        Objects.requireNonNull(value, "label must not be null");
        if (value.isEmpty() || value.length() > 100 || value.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("label: a text of " + value.length()
                    + " characters was given; 1 to 100 characters, none of them a control character, are allowed");
        }
        label = value;
    }

    /** Checks what only shows in combination. */
    public void checkTogether() {
        if (source != Source.INSTANCE_PROFILE && (endpoint != null || roleName != null)) {
            throw new IllegalArgumentException((endpoint != null ? "endpoint" : "roleName") + " was given for the "
                    + source.title + "; it is allowed together with instanceProfile() only");
        }
    }

    private static String role(String name, String value) {
        Objects.requireNonNull(value, name + " must not be null: an IAM role name is needed");
        if (!ROLE.matcher(value).matches()) {
            String shown = value.length() <= 128 ? "\"" + value.replaceAll("\\p{Cntrl}", "?") + "\"" : value.length() + " characters";
            throw new IllegalArgumentException(name + ": " + shown
                    + " was given; 1 to 64 letters, digits or +=,.@_- are allowed (the name, not the ARN)");
        }
        return value;
    }

    private static Duration within(String name, Duration value, Duration least, Duration most) {
        Objects.requireNonNull(value, name + " must not be null: a duration from " + least + " to " + most + " is needed");
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(name + ": " + value + " was given; " + least + " to " + most + " is allowed");
        }
        return value;
    }

    public Order order() {
        return order;
    }

    public Source source() {
        return source;
    }

    public URI endpoint() {
        return endpoint;
    }

    public String roleName() {
        return roleName;
    }

    public boolean fallThrough() {
        return fallThrough;
    }

    public Duration advisoryWindow() {
        return advisoryWindow;
    }

    public Duration maxStale() {
        return maxStale;
    }

    public String expectRole() {
        return expectRole;
    }

    public Duration firstReadTimeout() {
        return firstReadTimeout;
    }

    public RefresherListener listener() {
        return listener;
    }

    public NativeFailure onNativeFailure() {
        return onNativeFailure;
    }

    public String label() {
        return label != null ? label : source.title;
    }

    /** True if the SDK's own provider of the same source can only hand out the identity that was asked for. */
    boolean sdkCouldHonour() {
        return expectRole == null && endpoint == null && roleName == null;
    }
}
