// What a builder has collected; every value was checked when it came.
package io.github.evercreds.internal;

import io.github.evercreds.InstanceProfile;
import io.github.evercreds.NativeFailure;
import io.github.evercreds.Order;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Source;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/** What a builder has collected. For one thread until it is copied for a provider. */
public final class Settings {
    private Order order;
    /** Null: none was named. */
    private Source source;
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

    /** A copy for the engine, which must not hold on to what is the application's. */
    Settings withoutListener() {
        Settings copy = new Settings(this);
        copy.listener = null;
        return copy;
    }

    public void order(Order value) {
        order = Objects.requireNonNull(value, "order must not be null: allowed are V1 and V2");
    }

    public void source(Source value) {
        if (source != null && !source.equals(value)) {
            throw new IllegalArgumentException("source: " + value.title() + " was asked for after " + source.title() + "; name one source only");
        }
        source = value;
    }

    public void endpoint(URI value) {
        endpoint = Checks.metadataEndpoint("endpoint", value);
    }

    public void roleName(String value) {
        roleName = Checks.role("roleName", value);
    }

    public void fallThrough(boolean value) {
        fallThrough = value;
    }

    public void advisoryWindow(Duration value) {
        advisoryWindow = Checks.within("advisoryWindow", value, Duration.ofSeconds(1), Duration.ofHours(12));
    }

    public void maxStale(Duration value) {
        maxStale = Checks.within("maxStale", value, Duration.ZERO, Duration.ofDays(365));
    }

    public void expectRole(String value) {
        expectRole = Checks.role("expectRole", value);
    }

    public void firstReadTimeout(Duration value) {
        firstReadTimeout = Checks.within("firstReadTimeout", value, Duration.ZERO, Duration.ofMinutes(10));
    }

    public void listener(RefresherListener value) {
        listener = Objects.requireNonNull(value, "listener must not be null");
    }

    public void onNativeFailure(NativeFailure value) {
        onNativeFailure = Objects.requireNonNull(value, "onNativeFailure must not be null: allowed are FALL_BACK and FAIL");
    }

    public void label(String value) {
        label = Checks.label("label", value);
    }

    /** Checks what only shows in combination. */
    public void checkTogether() {
        Optional<InstanceProfile> options = chosen().asInstanceProfile();
        if (!options.isPresent() && (endpoint != null || roleName != null)) {
            throw new IllegalArgumentException((endpoint != null ? "endpoint" : "roleName") + " was given for the "
                    + chosen().title() + "; it is allowed together with instanceProfile() only");
        }
        if (options.isPresent() && (endpoint != null && options.get().endpoint().isPresent() || roleName != null && options.get().roleName().isPresent())) {
            throw new IllegalArgumentException((endpoint != null && options.get().endpoint().isPresent() ? "endpoint" : "roleName")
                    + " was given twice; it is allowed in the builder or in its InstanceProfile");
        }
    }

    private Source chosen() {
        return source == null ? Source.defaultChain() : source;
    }

    public Order order() {
        return order;
    }

    /** What was named, with the options that belong to it; the default chain if nothing was. */
    public Source source() {
        if (endpoint == null && roleName == null) {
            return chosen();
        }
        InstanceProfile known = chosen().asInstanceProfile().orElseThrow(() -> new IllegalStateException("checkTogether() comes first"));
        InstanceProfile.Builder all = InstanceProfile.builder();
        known.endpoint().ifPresent(all::endpoint);
        known.roleName().ifPresent(all::roleName);
        if (endpoint != null) {
            all.endpoint(endpoint);
        }
        if (roleName != null) {
            all.roleName(roleName);
        }
        return Source.instanceProfile(all.build());
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
        return label != null ? label : chosen().title();
    }
}
