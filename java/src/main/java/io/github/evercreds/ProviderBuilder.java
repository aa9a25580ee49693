// The options that the core refresher and the providers of both SDKs have in common.
package io.github.evercreds;

import io.github.evercreds.internal.Settings;
import java.net.URI;
import java.time.Duration;

/**
 * The options that {@link Refresher} and the providers for both SDKs have in common. A builder is for one thread. Nothing
 * set means: the default order of the calling SDK, every timing rule of the engine, and the SDK's own chain as a net if
 * the native library cannot be loaded.
 *
 * @param <B> the builder itself
 */
public abstract class ProviderBuilder<B extends ProviderBuilder<B>> {
    private final Settings settings;

    /**
     * For the builders of this library.
     *
     * @param settings what is collected
     */
    protected ProviderBuilder(Settings settings) {
        this.settings = settings;
    }

    /**
     * What was collected so far; of use to this library only.
     *
     * @return the settings
     */
    protected final Settings settings() {
        return settings;
    }

    /**
     * This builder, by its own type.
     *
     * @return this
     */
    protected abstract B self();

    /**
     * Uses the instance profile only: the EC2 instance metadata service (IMDS), and nothing else.
     *
     * @return this builder
     */
    public B instanceProfile() {
        settings.source(Settings.Source.INSTANCE_PROFILE);
        return self();
    }

    /**
     * Uses the environment variables {@code AWS_ACCESS_KEY_ID}, {@code AWS_SECRET_ACCESS_KEY} and
     * {@code AWS_SESSION_TOKEN} only.
     *
     * @return this builder
     */
    public B environmentVariables() {
        settings.source(Settings.Source.ENVIRONMENT_VARIABLES);
        return self();
    }

    /**
     * Uses the JVM system properties {@code aws.accessKeyId}, {@code aws.secretAccessKey} (SDK v1: {@code aws.secretKey})
     * and {@code aws.sessionToken} only.
     *
     * @return this builder
     */
    public B systemProperties() {
        settings.source(Settings.Source.SYSTEM_PROPERTIES);
        return self();
    }

    /**
     * Asks this instance metadata service instead of the one that environment, properties or AWS's default name.
     * Only together with {@link #instanceProfile()}.
     *
     * @param endpoint an {@code http} address with a host, without query and fragment; the service speaks no TLS
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is not such an address
     */
    public B endpoint(URI endpoint) {
        settings.endpoint(endpoint);
        return self();
    }

    /**
     * Asks for this role of the instance instead of asking the metadata service for the role's name.
     * Only together with {@link #instanceProfile()}.
     *
     * @param roleName an IAM role name: 1 to 64 letters, digits or {@code +=,.@_-}
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is not such a name
     */
    public B roleName(String roleName) {
        settings.roleName(roleName);
        return self();
    }

    /**
     * Whether a declared source that fails lets the next source of the order serve, as the SDKs do. Off by default:
     * what the environment declares is an error when it fails, never a silent change to another identity.
     *
     * @param fallThrough true for the SDKs' way
     * @return this builder
     */
    public B fallThrough(boolean fallThrough) {
        settings.fallThrough(fallThrough);
        return self();
    }

    /**
     * How long before the expiration a refresh is due, instead of the engine's own rule (by lifetime: half of it below
     * ten minutes, else 5, 15 or 60 minutes).
     *
     * @param window 1 second to 12 hours
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is outside of that range
     */
    public B advisoryWindow(Duration window) {
        settings.advisoryWindow(window);
        return self();
    }

    /**
     * How long credentials are still handed out after an expiration that is certain, while no better are to be had.
     * Without limit by default: a service that rejects them says so better than we can. An expiration is certain when
     * something other than this host's clock confirms it; nothing in this version does yet, so nothing ends early.
     *
     * @param limit zero to 365 days
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is outside of that range
     */
    public B maxStale(Duration limit) {
        settings.maxStale(limit);
        return self();
    }

    /**
     * Refuses credentials of any other role than this one.
     *
     * @param role the role's name, 1 to 64 letters, digits or {@code +=,.@_-}
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is not such a name
     */
    public B expectRole(String role) {
        settings.expectRole(role);
        return self();
    }

    /**
     * How long a read may wait while nothing is held yet; 5 seconds if not set.
     *
     * @param timeout zero (never wait) to 10 minutes
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is outside of that range
     */
    public B firstReadTimeout(Duration timeout) {
        settings.firstReadTimeout(timeout);
        return self();
    }

    /**
     * Who is told of changes; see {@link RefresherListener} for the thread.
     *
     * @param listener the one to tell
     * @return this builder
     * @throws NullPointerException if it is null
     */
    public B listener(RefresherListener listener) {
        settings.listener(listener);
        return self();
    }

    /**
     * What to do when the native library cannot serve; {@link NativeFailure#FALL_BACK} if not set.
     *
     * @param choice fall back or fail
     * @return this builder
     * @throws NullPointerException if it is null
     */
    public B onNativeFailure(NativeFailure choice) {
        settings.onNativeFailure(choice);
        return self();
    }

    /**
     * The name in logs and status.
     *
     * @param label 1 to 100 characters, none of them a control character
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is not such a text
     */
    public B label(String label) {
        settings.label(label);
        return self();
    }
}
