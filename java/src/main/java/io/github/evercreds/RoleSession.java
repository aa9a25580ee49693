// What the two ways to a role's session have in common: who is asked for it, and how it is narrowed.
package io.github.evercreds;

import io.github.evercreds.internal.Checks;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** The options of a session that STS gives. Immutable. */
abstract class RoleSession {
    /** May be null where variables or properties can name it. */
    final String roleArn;
    final String roleSessionName;
    private final Duration duration;
    private final String policy;
    private final List<String> policyArns;
    private final String region;
    private final URI endpoint;

    RoleSession(Builder<?> from) {
        roleArn = from.roleArn;
        roleSessionName = from.roleSessionName;
        duration = from.duration;
        policy = from.policy;
        policyArns = Collections.unmodifiableList(new ArrayList<>(from.policyArns));
        region = from.region;
        endpoint = from.endpoint;
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

    /** All that makes two of them equal; what a subclass adds goes behind it. */
    List<Object> parts() {
        return Arrays.asList(roleArn, roleSessionName, duration, policy, policyArns, region, endpoint);
    }

    @Override
    public boolean equals(Object other) {
        return other != null && other.getClass() == getClass() && parts().equals(((RoleSession) other).parts());
    }

    @Override
    public int hashCode() {
        return parts().hashCode();
    }

    /**
     * Collects the options. For one thread.
     *
     * @param <B> the builder itself
     */
    abstract static class Builder<B extends Builder<B>> {
        String roleArn;
        private String roleSessionName;
        private Duration duration;
        private String policy;
        private final List<String> policyArns = new ArrayList<>();
        private String region;
        private URI endpoint;

        Builder() { }

        abstract B self();

        /**
         * The role that is asked for.
         *
         * @param roleArn {@code arn:aws:iam::123456789012:role/path/name}
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public B roleArn(String roleArn) {
            this.roleArn = Checks.roleArn("roleArn", roleArn);
            return self();
        }

        /**
         * Gives the session a name, which stands in the audit log and in the ARN of who acts.
         *
         * @param roleSessionName 2 to 64 letters, digits or {@code +=,.@_-}
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public B roleSessionName(String roleSessionName) {
            this.roleSessionName = Checks.sessionName("roleSessionName", roleSessionName);
            return self();
        }

        /**
         * How long a session is to last; one hour if not set.
         *
         * @param duration 15 minutes to 12 hours, in whole seconds; STS caps it at what the role allows, and at one hour for chained roles
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public B duration(Duration duration) {
            this.duration = Checks.session("duration", duration);
            return self();
        }

        /**
         * Narrows what the session may do.
         *
         * @param policy a session policy as JSON, 1 to 2048 characters of Latin-1
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public B policy(String policy) {
            this.policy = Checks.policy("policy", policy);
            return self();
        }

        /**
         * Narrows what the session may do to what this managed policy allows, too. At most ten.
         *
         * @param policyArn {@code arn:aws:iam::123456789012:policy/name}
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public B policyArn(String policyArn) {
            Checks.policyArn("policyArn", policyArn);
            Checks.room("policyArn", policyArns.size(), Checks.MOST_POLICY_ARNS);
            policyArns.add(policyArn);
            return self();
        }

        /**
         * Asks the STS of this region.
         *
         * @param region such as {@code eu-central-1}
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public B region(String region) {
            this.region = Checks.region("region", region);
            return self();
        }

        /**
         * Asks the STS at this address.
         *
         * @param endpoint an {@code http} or {@code https} address with a host, without query and fragment
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public B endpoint(URI endpoint) {
            this.endpoint = Checks.endpoint("endpoint", endpoint);
            return self();
        }
    }
}
