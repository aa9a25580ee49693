// A role that is assumed with the credentials of another source.
package io.github.evercreds;

import io.github.evercreds.internal.Checks;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A role, how STS is asked for it (AssumeRole), and whose credentials sign. Immutable. The names are those of the SDKs'
 * {@code AssumeRoleRequest}. A role whose trust policy asks for a second factor (MFA) cannot be assumed: nobody is there
 * to type a code at each refresh.
 */
public final class AssumeRole {
    private final String roleArn;
    private final String roleSessionName;
    private final String externalId;
    private final Duration duration;
    private final String policy;
    private final List<String> policyArns;
    private final Map<String, String> tags;
    private final List<String> transitiveTagKeys;
    private final String sourceIdentity;
    private final String region;
    private final URI endpoint;
    private final Source source;

    private AssumeRole(Builder from) {
        roleArn = from.roleArn;
        roleSessionName = from.roleSessionName;
        externalId = from.externalId;
        duration = from.duration;
        policy = from.policy;
        policyArns = Collections.unmodifiableList(new ArrayList<>(from.policyArns));
        tags = Collections.unmodifiableMap(new LinkedHashMap<>(from.tags));
        transitiveTagKeys = Collections.unmodifiableList(new ArrayList<>(from.transitiveTagKeys));
        sourceIdentity = from.sourceIdentity;
        region = from.region;
        endpoint = from.endpoint;
        source = from.source;
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
     * @return never null
     */
    public String roleArn() {
        return roleArn;
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
     * The id by which the role's owner knows that it is meant.
     *
     * @return empty: none
     */
    public Optional<String> externalId() {
        return Optional.ofNullable(externalId);
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
     * The session tags.
     *
     * @return at most 50, in the order in which they were given; immutable
     */
    public Map<String, String> tags() {
        return tags;
    }

    /**
     * The keys of the tags that go on to roles that the session assumes.
     *
     * @return at most 50; immutable
     */
    public List<String> transitiveTagKeys() {
        return transitiveTagKeys;
    }

    /**
     * Who acts, for the audit log, through all roles that follow.
     *
     * @return empty: not told
     */
    public Optional<String> sourceIdentity() {
        return Optional.ofNullable(sourceIdentity);
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

    /**
     * Whose credentials sign.
     *
     * @return never null
     */
    public Source source() {
        return source;
    }

    private List<Object> parts() {
        return Arrays.asList(roleArn, roleSessionName, externalId, duration, policy, policyArns, tags, transitiveTagKeys, sourceIdentity, region,
                endpoint, source);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AssumeRole && parts().equals(((AssumeRole) other).parts());
    }

    @Override
    public int hashCode() {
        return parts().hashCode();
    }

    /** How many roles are assumed one after the other, this one included. */
    private int depth() {
        int depth = 1;
        for (Optional<AssumeRole> base = source.asAssumeRole(); base.isPresent(); base = base.get().source.asAssumeRole()) {
            depth++;
        }
        return depth;
    }

    /**
     * Role, session and base; not the external id, the policies and the tags.
     *
     * @return one line without secrets
     */
    @Override
    public String toString() {
        return "AssumeRole[" + roleArn + ", session " + roleSessionName + ", signed by " + source.title() + "]";
    }

    /** Builds an {@link AssumeRole}. For one thread. */
    public static final class Builder {
        private String roleArn;
        private String roleSessionName;
        private String externalId;
        private Duration duration;
        private String policy;
        private final List<String> policyArns = new ArrayList<>();
        private final Map<String, String> tags = new LinkedHashMap<>();
        private final List<String> transitiveTagKeys = new ArrayList<>();
        private String sourceIdentity;
        private String region;
        private URI endpoint;
        private Source source = Source.defaultChain();

        private Builder() { }

        /**
         * The role to assume. Needed.
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
         * The id by which the role's owner knows that it is meant. It is kept out of logs and texts.
         *
         * @param externalId 2 to 1224 letters, digits or {@code +=,.@:/_-}
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public Builder externalId(String externalId) {
            this.externalId = Checks.externalId("externalId", externalId);
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
         * Tags the session. At most 50; keys that differ only in case are one for IAM, so they are refused.
         *
         * @param key 1 to 128 letters, digits, blanks or {@code _.:/=+-@}, not beginning with {@code aws:}
         * @param value at most 256 of them
         * @return this builder
         * @throws NullPointerException if one is null
         * @throws IllegalArgumentException if it is not such a tag, the key was given before, or there are too many
         */
        public Builder tag(String key, String value) {
            Checks.tagKey("key", key);
            Checks.tagValue("value", value);
            Checks.room("tag", tags.size(), Checks.MOST_TAGS);
            if (tags.keySet().stream().anyMatch(key::equalsIgnoreCase)) {
                throw new IllegalArgumentException("tag: the key \"" + key + "\" was given twice; once is allowed, whatever its case");
            }
            tags.put(key, value);
            return this;
        }

        /**
         * Has the tag with this key go on to the roles that the session assumes. At most 50.
         *
         * @param transitiveTagKey the key of a tag
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public Builder transitiveTagKey(String transitiveTagKey) {
            Checks.tagKey("transitiveTagKey", transitiveTagKey);
            Checks.room("transitiveTagKey", transitiveTagKeys.size(), Checks.MOST_TAGS);
            transitiveTagKeys.add(transitiveTagKey);
            return this;
        }

        /**
         * Says who acts; it stays with all roles that follow, and cannot be changed by them.
         *
         * @param sourceIdentity 2 to 64 letters, digits or {@code +=,.@_-}
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a value
         */
        public Builder sourceIdentity(String sourceIdentity) {
            this.sourceIdentity = Checks.sessionName("sourceIdentity", sourceIdentity);
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
         * Whose credentials sign; the default chain's if not set. Roles that share a base share its credentials, which are
         * kept fresh by themselves.
         *
         * @param source any source; roles may sign for roles, at most ten in a row
         * @return this builder
         * @throws NullPointerException if it is null
         */
        public Builder source(Source source) {
            this.source = Checks.needed("source", source, "whose credentials sign");
            return this;
        }

        /**
         * The role.
         *
         * @return a new value; the builder can be used again
         * @throws NullPointerException if no role was named
         * @throws IllegalArgumentException if more than ten roles would be assumed one after the other
         */
        public AssumeRole build() {
            Checks.needed("roleArn", roleArn, "the ARN of a role");
            AssumeRole role = new AssumeRole(this);
            if (role.depth() > Checks.DEEPEST_ROLES) {
                throw new IllegalArgumentException("source: " + role.depth() + " roles one after the other were given; at most " + Checks.DEEPEST_ROLES + " are allowed");
            }
            return role;
        }
    }
}
