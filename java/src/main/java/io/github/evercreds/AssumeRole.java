// A role that is assumed with the credentials of another source.
package io.github.evercreds;

import io.github.evercreds.internal.Checks;
import java.util.ArrayList;
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
public final class AssumeRole extends RoleSession {
    private final String externalId;
    private final Map<String, String> tags;
    private final List<String> transitiveTagKeys;
    private final String sourceIdentity;
    private final Source source;

    private AssumeRole(Builder from) {
        super(from);
        externalId = from.externalId;
        tags = Collections.unmodifiableMap(new LinkedHashMap<>(from.tags));
        transitiveTagKeys = Collections.unmodifiableList(new ArrayList<>(from.transitiveTagKeys));
        sourceIdentity = from.sourceIdentity;
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
     * The id by which the role's owner knows that it is meant.
     *
     * @return empty: none
     */
    public Optional<String> externalId() {
        return Optional.ofNullable(externalId);
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
     * Whose credentials sign.
     *
     * @return never null
     */
    public Source source() {
        return source;
    }

    @Override
    List<Object> parts() {
        List<Object> parts = new ArrayList<>(super.parts());
        Collections.addAll(parts, externalId, tags, transitiveTagKeys, sourceIdentity, source);
        return parts;
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
    public static final class Builder extends RoleSession.Builder<Builder> {
        private String externalId;
        private final Map<String, String> tags = new LinkedHashMap<>();
        private final List<String> transitiveTagKeys = new ArrayList<>();
        private String sourceIdentity;
        private Source source = Source.defaultChain();

        private Builder() { }

        @Override
        Builder self() {
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
