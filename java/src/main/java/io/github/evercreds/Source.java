// Where credentials come from.
package io.github.evercreds;

import io.github.evercreds.internal.Checks;
import java.util.Objects;
import java.util.Optional;

/**
 * Where credentials come from: a default chain, one place, or a role. Immutable; equal values mean the same source. A
 * value says what is wanted; nothing is read or asked before a refresher or provider is built with it.
 *
 * <pre>Source.assumeRole(AssumeRole.builder().roleArn("arn:aws:iam::123456789012:role/report").source(Source.profile("base")).build())</pre>
 */
public final class Source {
    /** The kinds of sources. */
    public enum Kind {
        /** The default chain of the calling SDK. */
        DEFAULT_CHAIN,
        /** The variables {@code AWS_ACCESS_KEY_ID} and the others. */
        ENVIRONMENT_VARIABLES,
        /** The JVM properties {@code aws.accessKeyId} and the others. */
        SYSTEM_PROPERTIES,
        /** A role that is taken for a token from a file. */
        WEB_IDENTITY,
        /** A profile of the files that the AWS tools share. */
        PROFILE,
        /** A command that prints credentials. */
        PROCESS,
        /** The endpoint that ECS or EKS gives to a container. */
        CONTAINER,
        /** The EC2 instance metadata service. */
        INSTANCE_PROFILE,
        /** A role that is assumed with the credentials of another source. */
        ASSUME_ROLE
    }

    private static final Source DEFAULT_CHAIN = new Source(Kind.DEFAULT_CHAIN, null, "default chain");
    private static final Source ENVIRONMENT_VARIABLES = new Source(Kind.ENVIRONMENT_VARIABLES, null, "environment variables");
    private static final Source SYSTEM_PROPERTIES = new Source(Kind.SYSTEM_PROPERTIES, null, "system properties");
    private static final Source CONTAINER = new Source(Kind.CONTAINER, null, "container");
    private static final Source PROFILE = new Source(Kind.PROFILE, null, "profile");

    private final Kind kind;
    /** A profile's name, a command, or the options of a kind that has some; null if there is nothing to say. */
    private final Object details;
    private final String title;

    private Source(Kind kind, Object details, String title) {
        this.kind = kind;
        this.details = details;
        this.title = title;
    }

    /**
     * The default chain, in the order of the SDK that the refresher or provider follows. It is what counts where no
     * source is named.
     *
     * @return always the same value
     */
    public static Source defaultChain() {
        return DEFAULT_CHAIN;
    }

    /**
     * The instance profile: the EC2 instance metadata service (IMDS), as variables and properties describe it.
     *
     * @return a source
     */
    public static Source instanceProfile() {
        return instanceProfile(InstanceProfile.builder().build());
    }

    /**
     * The instance profile: the EC2 instance metadata service (IMDS).
     *
     * @param options what goes before variables and properties
     * @return a source
     * @throws NullPointerException if it is null
     */
    public static Source instanceProfile(InstanceProfile options) {
        Objects.requireNonNull(options, "options must not be null");
        return new Source(Kind.INSTANCE_PROFILE, options, "instance profile");
    }

    /**
     * The environment variables {@code AWS_ACCESS_KEY_ID}, {@code AWS_SECRET_ACCESS_KEY} and {@code AWS_SESSION_TOKEN}.
     *
     * @return always the same value
     */
    public static Source environmentVariables() {
        return ENVIRONMENT_VARIABLES;
    }

    /**
     * The JVM system properties {@code aws.accessKeyId}, {@code aws.secretAccessKey} (SDK v1: {@code aws.secretKey}) and
     * {@code aws.sessionToken}. They are looked at again every few seconds.
     *
     * @return always the same value
     */
    public static Source systemProperties() {
        return SYSTEM_PROPERTIES;
    }

    /**
     * The credentials endpoint of a container, as ECS and EKS Pod Identity declare it with
     * {@code AWS_CONTAINER_CREDENTIALS_RELATIVE_URI} or {@code AWS_CONTAINER_CREDENTIALS_FULL_URI}.
     *
     * @return always the same value
     */
    public static Source container() {
        return CONTAINER;
    }

    /**
     * The profile that {@code aws.profile} or {@code AWS_PROFILE} names, else the one with the name {@code default}.
     *
     * @return always the same value
     */
    public static Source profile() {
        return PROFILE;
    }

    /**
     * A profile of the shared config and credentials files. They are read again when they change.
     *
     * @param name the profile's name, 1 to 256 characters, none of them a control character
     * @return a source
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is no such name
     */
    public static Source profile(String name) {
        String checked = Checks.profileName("name", name);
        return new Source(Kind.PROFILE, checked, Checks.atMost100("profile " + checked));
    }

    /**
     * A command that prints credentials as a {@code credential_process} does. It is run by the system's shell with the
     * rights of this process, whenever new credentials are due.
     *
     * @param command for {@code sh -c}, on Windows for {@code cmd.exe /C}: 1 to 8191 characters, not all of them blank
     * @return a source
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is no such text
     */
    public static Source process(String command) {
        return new Source(Kind.PROCESS, Checks.command("command", command), "process");
    }

    /**
     * The role and the token file that {@code AWS_ROLE_ARN} and {@code AWS_WEB_IDENTITY_TOKEN_FILE} name.
     *
     * @return a source
     */
    public static Source webIdentity() {
        return webIdentity(WebIdentity.builder().build());
    }

    /**
     * A role that STS gives for a token from a file, which is read anew each time.
     *
     * @param options the role and the file; what they do not say is taken from variables and properties
     * @return a source
     * @throws NullPointerException if it is null
     */
    public static Source webIdentity(WebIdentity options) {
        Objects.requireNonNull(options, "options must not be null");
        return new Source(Kind.WEB_IDENTITY, options, "web identity" + options.roleArn().map(arn -> " " + Checks.roleName(arn)).orElse(""));
    }

    /**
     * A role that is assumed with the credentials of the default chain.
     *
     * @param roleArn {@code arn:aws:iam::123456789012:role/path/name}
     * @return a source
     * @throws NullPointerException if it is null
     * @throws IllegalArgumentException if it is not the ARN of a role
     */
    public static Source assumeRole(String roleArn) {
        return assumeRole(AssumeRole.builder().roleArn(roleArn).build());
    }

    /**
     * A role that is assumed with the credentials of another source.
     *
     * @param role the role, how to ask for it, and whose credentials sign
     * @return a source
     * @throws NullPointerException if it is null
     */
    public static Source assumeRole(AssumeRole role) {
        Objects.requireNonNull(role, "role must not be null");
        return new Source(Kind.ASSUME_ROLE, role, "role " + Checks.roleName(role.roleArn()));
    }

    /**
     * What kind of source it is.
     *
     * @return never null
     */
    public Kind kind() {
        return kind;
    }

    /**
     * The source in a few words, for logs: {@code default chain}, {@code profile reporting}, {@code role app}.
     *
     * @return 1 to 100 characters without secrets and control characters; the command of a process is left out
     */
    public String title() {
        return title;
    }

    /**
     * The name of the profile.
     *
     * @return empty for other kinds, and if variables and properties are to name it
     */
    public Optional<String> profileName() {
        return kind == Kind.PROFILE ? Optional.ofNullable((String) details) : Optional.empty();
    }

    /**
     * The command of the process. It may hold a secret.
     *
     * @return empty for other kinds
     */
    public Optional<String> command() {
        return kind == Kind.PROCESS ? Optional.of((String) details) : Optional.empty();
    }

    /**
     * The options of an instance profile.
     *
     * @return empty for other kinds
     */
    public Optional<InstanceProfile> asInstanceProfile() {
        return details(InstanceProfile.class);
    }

    /**
     * The options of a web identity.
     *
     * @return empty for other kinds
     */
    public Optional<WebIdentity> asWebIdentity() {
        return details(WebIdentity.class);
    }

    /**
     * The role that is assumed.
     *
     * @return empty for other kinds
     */
    public Optional<AssumeRole> asAssumeRole() {
        return details(AssumeRole.class);
    }

    private <T> Optional<T> details(Class<T> type) {
        return type.isInstance(details) ? Optional.of(type.cast(details)) : Optional.empty();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Source && kind == ((Source) other).kind && Objects.equals(details, ((Source) other).details);
    }

    @Override
    public int hashCode() {
        return Objects.hash(kind, details);
    }

    /**
     * The title.
     *
     * @return one line without secrets
     */
    @Override
    public String toString() {
        return "Source[" + title + "]";
    }
}
