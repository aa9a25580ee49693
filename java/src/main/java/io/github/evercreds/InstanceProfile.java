// How the instance metadata service is asked.
package io.github.evercreds;

import io.github.evercreds.internal.Checks;
import java.net.URI;
import java.util.Objects;
import java.util.Optional;

/** How to ask the EC2 instance metadata service (IMDS) for the role of the instance. Immutable. */
public final class InstanceProfile {
    private final URI endpoint;
    private final String roleName;

    private InstanceProfile(Builder from) {
        endpoint = from.endpoint;
        roleName = from.roleName;
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
     * The service to ask.
     *
     * @return empty: the one that variables, properties or AWS's default name
     */
    public Optional<URI> endpoint() {
        return Optional.ofNullable(endpoint);
    }

    /**
     * The role to ask for.
     *
     * @return empty: the one that the service names
     */
    public Optional<String> roleName() {
        return Optional.ofNullable(roleName);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof InstanceProfile && Objects.equals(endpoint, ((InstanceProfile) other).endpoint)
                && Objects.equals(roleName, ((InstanceProfile) other).roleName);
    }

    @Override
    public int hashCode() {
        return Objects.hash(endpoint, roleName);
    }

    /**
     * What was set.
     *
     * @return one line without secrets
     */
    @Override
    public String toString() {
        return "InstanceProfile[endpoint " + endpoint + ", role " + roleName + "]";
    }

    /** Builds an {@link InstanceProfile}. For one thread. */
    public static final class Builder {
        private URI endpoint;
        private String roleName;

        private Builder() { }

        /**
         * Asks this service instead of the one that variables, properties or AWS's default name.
         *
         * @param endpoint an {@code http} address with a host, without query and fragment; the service speaks no TLS
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such an address
         */
        public Builder endpoint(URI endpoint) {
            this.endpoint = Checks.metadataEndpoint("endpoint", endpoint);
            return this;
        }

        /**
         * Asks for this role instead of asking the service for the role's name.
         *
         * @param roleName an IAM role name: 1 to 64 letters, digits or {@code +=,.@_-}
         * @return this builder
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if it is not such a name
         */
        public Builder roleName(String roleName) {
            this.roleName = Checks.role("roleName", roleName);
            return this;
        }

        /**
         * The options.
         *
         * @return a new value; the builder can be used again
         */
        public InstanceProfile build() {
            return new InstanceProfile(this);
        }
    }
}
