// What the builders of the core and of both SDKs have in common.
package io.github.evercreds.internal;

import io.github.evercreds.AssumeRole;
import io.github.evercreds.NativeFailure;
import io.github.evercreds.Order;
import io.github.evercreds.ProviderBuilder;
import io.github.evercreds.RefresherListener;
import io.github.evercreds.Source;
import io.github.evercreds.WebIdentity;
import java.net.URI;
import java.time.Duration;

/** Collects the options of a {@link ProviderBuilder} in {@link Settings}, which check them. */
public abstract class OptionsBuilder<B extends ProviderBuilder<B>> implements ProviderBuilder<B> {
    protected final Settings settings;

    protected OptionsBuilder(Order order) {
        this.settings = new Settings(order);
    }

    protected abstract B self();

    @Override
    public B source(Source source) {
        settings.source(Checks.needed("source", source, "a source"));
        return self();
    }

    @Override
    public B instanceProfile() {
        return source(Source.instanceProfile());
    }

    @Override
    public B environmentVariables() {
        return source(Source.environmentVariables());
    }

    @Override
    public B systemProperties() {
        return source(Source.systemProperties());
    }

    @Override
    public B container() {
        return source(Source.container());
    }

    @Override
    public B profile() {
        return source(Source.profile());
    }

    @Override
    public B profile(String profile) {
        return source(Source.profile(Checks.profileName("profile", profile)));
    }

    @Override
    public B process(String process) {
        return source(Source.process(Checks.command("process", process)));
    }

    @Override
    public B webIdentity() {
        return source(Source.webIdentity());
    }

    @Override
    public B webIdentity(WebIdentity webIdentity) {
        return source(Source.webIdentity(Checks.needed("webIdentity", webIdentity, "a role and its token")));
    }

    @Override
    public B assumeRole(String assumeRole) {
        return source(Source.assumeRole(Checks.roleArn("assumeRole", assumeRole)));
    }

    @Override
    public B assumeRole(AssumeRole assumeRole) {
        return source(Source.assumeRole(Checks.needed("assumeRole", assumeRole, "a role")));
    }

    @Override
    public B endpoint(URI endpoint) {
        settings.endpoint(endpoint);
        return self();
    }

    @Override
    public B roleName(String roleName) {
        settings.roleName(roleName);
        return self();
    }

    @Override
    public B fallThrough(boolean fallThrough) {
        settings.fallThrough(fallThrough);
        return self();
    }

    @Override
    public B advisoryWindow(Duration window) {
        settings.advisoryWindow(window);
        return self();
    }

    @Override
    public B maxStale(Duration limit) {
        settings.maxStale(limit);
        return self();
    }

    @Override
    public B expectRole(String role) {
        settings.expectRole(role);
        return self();
    }

    @Override
    public B firstReadTimeout(Duration timeout) {
        settings.firstReadTimeout(timeout);
        return self();
    }

    @Override
    public B listener(RefresherListener listener) {
        settings.listener(listener);
        return self();
    }

    @Override
    public B onNativeFailure(NativeFailure choice) {
        settings.onNativeFailure(choice);
        return self();
    }

    @Override
    public B label(String label) {
        settings.label(label);
        return self();
    }
}
