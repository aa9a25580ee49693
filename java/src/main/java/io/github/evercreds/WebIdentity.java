// A role that STS gives for a token, and where the token is.
package io.github.evercreds;

import io.github.evercreds.internal.Checks;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A role that STS gives for a token from a file (AssumeRoleWithWebIdentity), as EKS does it for service accounts. What is
 * not set is taken from variables and properties, the session's options from nowhere else. Immutable.
 */
public final class WebIdentity extends RoleSession {
    private final Path tokenFile;

    private WebIdentity(Builder from) {
        super(from);
        tokenFile = from.tokenFile;
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
     * The file with the token.
     *
     * @return empty: the one that variables or properties name
     */
    public Optional<Path> tokenFile() {
        return Optional.ofNullable(tokenFile);
    }

    @Override
    List<Object> parts() {
        List<Object> parts = new ArrayList<>(super.parts());
        parts.add(tokenFile);
        return parts;
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
    public static final class Builder extends RoleSession.Builder<Builder> {
        private Path tokenFile;

        private Builder() { }

        @Override
        Builder self() {
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
         * The role and its token.
         *
         * @return a new value; the builder can be used again
         */
        public WebIdentity build() {
            return new WebIdentity(this);
        }
    }
}
