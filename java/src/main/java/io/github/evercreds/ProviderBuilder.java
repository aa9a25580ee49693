// The options that the core refresher and the providers of both SDKs have in common.
package io.github.evercreds;

import java.net.URI;
import java.time.Duration;

/**
 * The options that {@link Refresher} and the providers for both SDKs have in common. A builder is for one thread. Nothing
 * set means: the default chain of the calling SDK, every timing rule of the engine, and the SDK's own chain as a net if
 * the native library cannot be loaded. Implemented by this library alone; methods may be added.
 *
 * @param <B> the builder itself
 */
public interface ProviderBuilder<B extends ProviderBuilder<B>> {
    /**
     * Uses this source, and nothing else. The methods below are shorter ways to say the same; only one source can be named.
     *
     * @param source where credentials come from
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if another source was named before
     */
    B source(Source source);

    /**
     * Uses the instance profile only: the EC2 instance metadata service (IMDS), and nothing else.
     *
     * @return this builder
     */
    B instanceProfile();

    /**
     * Uses the environment variables {@code AWS_ACCESS_KEY_ID}, {@code AWS_SECRET_ACCESS_KEY} and
     * {@code AWS_SESSION_TOKEN} only.
     *
     * @return this builder
     */
    B environmentVariables();

    /**
     * Uses the JVM system properties {@code aws.accessKeyId}, {@code aws.secretAccessKey} (SDK v1: {@code aws.secretKey})
     * and {@code aws.sessionToken} only.
     *
     * @return this builder
     */
    B systemProperties();

    /**
     * Uses the credentials endpoint of the container only: ECS, or EKS Pod Identity.
     *
     * @return this builder
     * @see Source#container()
     */
    B container();

    /**
     * Uses one profile only: the one that {@code aws.profile} or {@code AWS_PROFILE} names, else {@code default}.
     *
     * @return this builder
     * @see Source#profile()
     */
    B profile();

    /**
     * Uses this profile of the shared files only.
     *
     * @param profile the profile's name, 1 to 256 characters, none of them a control character
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is no such name
     * @see Source#profile(String)
     */
    B profile(String profile);

    /**
     * Uses a command that prints credentials, and nothing else.
     *
     * @param process the command, as in {@code credential_process}
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is blank or too long
     * @see Source#process(String)
     */
    B process(String process);

    /**
     * Uses the role and the token file that {@code AWS_ROLE_ARN} and {@code AWS_WEB_IDENTITY_TOKEN_FILE} name, and nothing
     * else.
     *
     * @return this builder
     * @see Source#webIdentity()
     */
    B webIdentity();

    /**
     * Uses a role that STS gives for a token, and nothing else.
     *
     * @param webIdentity the role and its token
     * @return this builder
     * @throws NullPointerException if it is null
     * @see Source#webIdentity(WebIdentity)
     */
    B webIdentity(WebIdentity webIdentity);

    /**
     * Assumes this role with the credentials of the default chain.
     *
     * @param assumeRole {@code arn:aws:iam::123456789012:role/path/name}
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is not the ARN of a role
     * @see Source#assumeRole(String)
     */
    B assumeRole(String assumeRole);

    /**
     * Assumes a role.
     *
     * @param assumeRole the role, how to ask for it, and whose credentials sign
     * @return this builder
     * @throws NullPointerException if it is null
     * @see Source#assumeRole(AssumeRole)
     */
    B assumeRole(AssumeRole assumeRole);

    /**
     * Asks this instance metadata service instead of the one that environment, properties or AWS's default name.
     * Only together with {@link #instanceProfile()}.
     *
     * @param endpoint an {@code http} address with a host, without query and fragment; the service speaks no TLS
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is not such an address
     */
    B endpoint(URI endpoint);

    /**
     * Asks for this role of the instance instead of asking the metadata service for the role's name.
     * Only together with {@link #instanceProfile()}.
     *
     * @param roleName an IAM role name: 1 to 64 letters, digits or {@code +=,.@_-}
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is not such a name
     */
    B roleName(String roleName);

    /**
     * Whether a declared source that fails lets the next source of the order serve, as the SDKs do. Off by default:
     * what the environment declares is an error when it fails, never a silent change to another identity.
     *
     * @param fallThrough true for the SDKs' way
     * @return this builder
     */
    B fallThrough(boolean fallThrough);

    /**
     * How long before the expiration a refresh is due, instead of the engine's own rule (by lifetime: half of it below
     * ten minutes, else 5, 15 or 60 minutes).
     *
     * @param window 1 second to 12 hours
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is outside of that range
     */
    B advisoryWindow(Duration window);

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
    B maxStale(Duration limit);

    /**
     * Refuses credentials of any other role than this one.
     *
     * @param role the role's name, 1 to 64 letters, digits or {@code +=,.@_-}
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is not such a name
     */
    B expectRole(String role);

    /**
     * How long a read may wait while nothing is held yet; 5 seconds if not set.
     *
     * @param timeout zero (never wait) to 10 minutes
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is outside of that range
     */
    B firstReadTimeout(Duration timeout);

    /**
     * Who is told of changes; see {@link RefresherListener} for the thread.
     *
     * @param listener the one to tell
     * @return this builder
     * @throws NullPointerException if it is null
     */
    B listener(RefresherListener listener);

    /**
     * What to do when the native library cannot serve; {@link NativeFailure#FALL_BACK} if not set.
     *
     * @param choice fall back or fail
     * @return this builder
     * @throws NullPointerException if it is null
     */
    B onNativeFailure(NativeFailure choice);

    /**
     * The name in logs and status.
     *
     * @param label 1 to 100 characters, none of them a control character
     * @return this builder
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is not such a text
     */
    B label(String label);
}
