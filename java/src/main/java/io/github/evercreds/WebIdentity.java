// A role that STS gives for a token, and where the token is.
package io.github.evercreds;

import io.github.evercreds.internal.Checks;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A role that STS gives for a token from a file (AssumeRoleWithWebIdentity), as EKS does it for service accounts. What is
 * not set is taken from variables and properties, the session's options from nowhere else. Immutable.
 */
public final class WebIdentity {
    private final String roleArn;
    private final String roleSessionName;
    private final Path tokenFile;
    private final Duration duration;
    private final String policy;
    private final List<String> policyArns;
    private final String region;
    private final URI endpoint;

    private WebIdentity(Builder from) {
        roleArn = from.roleArn;
        roleSessionName = from.roleSessionName;
        tokenFile = from.tokenFile;
        duration = from.duration;
        policy = from.policy;
        policyArns = Collections.unmodifiableList(new ArrayList<>(from.policyArns));
        region = from.region;
        endpoint = from.endpoint;
    }

    /**
     * A builder with nothing set.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The ARN of the role.
     *
     * @return empty: the one that variables or properties name
     */
    public Optional<String> roleArn() {
        return Optional.ofNullable(roleArn);
    }

    /**
     * The name of the session.
     *
     * @return empty: the one that variables or properties name, or one that stays the same for this process
     */
    public Optional<String> roleSessionName() {
        return Optional.ofNullable(roleSessionName);
    }

    /**
     * The file with the token.
     *
     * @return empty: the one that variables or properties name
     */
    public Optional<Path> tokenFile() {
        return Optional.ofNullable(tokenFile);
    }

    /**
     * How long a session is to last.
     *
     * @return empty: one hour
     */
    public Optional<Duration> duration() {
        return Optional.ofNullable(duration);
    }

    /**
     * The session policy, as JSON.
     *
     * @return empty: none
     */
    public Optional<String> policy() {
        return Optional.ofNullable(policy);
    }

    /**
     * The managed policies that narrow the session.
     *
     * @return their ARNs, at most ten; immutable
     */
    public List<String> policyArns() {
        return policyArns;
    }

    /**
     * The region whose STS is asked.
     *
     * @return empty: the one that variables, properties or the profile name
     */
    public Optional<String> region() {
        return Optional.ofNullable(region);
    }

    /**
     * The address of the STS that is asked.
     *
     * @return empty: that of the region, or the one that variables or properties name
     */
    public Optional<URI> endpoint() {
        return Optional.ofNullable(endpoint);
    }

    private List<Object> parts() {
        return Arrays.asList(roleArn, roleSessionName, tokenFile, duration, policy, policyArns, region, endpoint);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WebIdentity && parts().equals(((WebIdentity) other).parts());
    }

    @Override
    public int hashCode() {
        return parts().hashCode();
    }

    /**
     * Role, session and file.
     *
     * @return one line without secrets
     */
    @Override
    public String toString() {
        return "WebIdentity[" + roleArn + ", session " + roleSessionName + ", token " + tokenFile + "]";
    }

    /** Builds a {@link WebIdentity}. For one thread. */
    public static final class Builder {
        private String roleArn;
        private String roleSessionName;
        private Path tokenFile;
        private Duration duration;
        private String policy;
        private final List<String> policyArns = new ArrayList<>();
        private String region;
        private URI endpoint;

        private Builder() { }

        /**
         * The role to ask for.
         *
         * @param roleArn {@code arn:aws:iam::123456789012:role/path/name}
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public Builder roleArn(String roleArn) {
            this.roleArn = Checks.roleArn("roleArn", roleArn);
            return this;
        }

        /**
         * Gives the session a name, which stands in the audit log and in the ARN of who acts.
         *
         * @param roleSessionName 2 to 64 letters, digits or {@code +=,.@_-}
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public Builder roleSessionName(String roleSessionName) {
            this.roleSessionName = Checks.sessionName("roleSessionName", roleSessionName);
            return this;
        }

        /**
         * The file with the token. It is read anew at each refresh, for it is replaced now and then.
         *
         * @param tokenFile a path; a relative one counts from the folder that this process runs in
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public Builder tokenFile(Path tokenFile) {
            this.tokenFile = Checks.file("tokenFile", tokenFile);
            return this;
        }

        /**
         * How long a session is to last; one hour if not set.
         *
         * @param duration 15 minutes to 12 hours, in whole seconds; STS caps it at what the role allows, and at one hour for chained roles
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public Builder duration(Duration duration) {
            this.duration = Checks.session("duration", duration);
            return this;
        }

        /**
         * Narrows what the session may do.
         *
         * @param policy a session policy as JSON, 1 to 2048 characters of Latin-1
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public Builder policy(String policy) {
            this.policy = Checks.policy("policy", policy);
            return this;
        }

        /**
         * Narrows what the session may do to what this managed policy allows, too. At most ten.
         *
         * @param policyArn {@code arn:aws:iam::123456789012:policy/name}
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public Builder policyArn(String policyArn) {
            Checks.policyArn("policyArn", policyArn);
            Checks.room("policyArn", policyArns.size(), Checks.MOST_POLICY_ARNS);
            policyArns.add(policyArn);
            return this;
        }

        /**
         * Asks the STS of this region.
         *
         * @param region such as {@code eu-central-1}
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public Builder region(String region) {
            this.region = Checks.region("region", region);
            return this;
        }

        /**
         * Asks the STS at this address.
         *
         * @param endpoint an {@code http} or {@code https} address with a host, without query and fragment
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public Builder endpoint(URI endpoint) {
            this.endpoint = Checks.endpoint("endpoint", endpoint);
            return this;
        }

        /**
         * The role and its token.
         *
         * @return a new value; the builder can be used again
         */
        public WebIdentity build() {
            return new WebIdentity(this);
        }
    }
}
