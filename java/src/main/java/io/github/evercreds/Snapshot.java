// One set of credentials, as it stood when it was asked for.
package io.github.evercreds;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * One set of AWS credentials as it stood when it was asked for. Immutable, safe for use by any thread. Do not keep it:
 * it expires; ask {@link Refresher#credentials()} each time, that costs one field read.
 */
public final class Snapshot {
    private final String accessKeyId;
    private final String secretAccessKey;
    private final String sessionToken;
    private final Instant expiration;
    private final String accountId;
    private final String source;
    private final String identity;

    /**
     * Makes a snapshot from its parts; {@link Refresher} is the usual way to get one.
     *
     * @param accessKeyId the access key id
     * @param secretAccessKey the secret access key
     * @param sessionToken the session token, or null for long-term credentials
     * @param expiration when AWS stops to accept them, or null if they do not expire
     * @param accountId the twelve-digit account id, or null if the source did not say
     * @param source the source's name, for example {@code instance profile}
     * @param identity whom they speak for, for example the role's name; or null if the source did not say
     * @throws NullPointerException if a key or the source is null
     */
    public Snapshot(String accessKeyId, String secretAccessKey, String sessionToken, Instant expiration, String accountId,
                    String source, String identity) {
        this.accessKeyId = Objects.requireNonNull(accessKeyId, "accessKeyId must not be null");
        this.secretAccessKey = Objects.requireNonNull(secretAccessKey, "secretAccessKey must not be null");
        this.sessionToken = sessionToken;
        this.expiration = expiration;
        this.accountId = accountId;
        this.source = Objects.requireNonNull(source, "source must not be null");
        this.identity = identity;
    }

    /**
     * The access key id.
     *
     * @return never null
     */
    public String accessKeyId() {
        return accessKeyId;
    }

    /**
     * The secret access key.
     *
     * @return never null
     */
    public String secretAccessKey() {
        return secretAccessKey;
    }

    /**
     * The session token.
     *
     * @return empty for long-term credentials
     */
    public Optional<String> sessionToken() {
        return Optional.ofNullable(sessionToken);
    }

    /**
     * When AWS stops to accept these credentials, in AWS's own time.
     *
     * @return empty if they do not expire
     */
    public Optional<Instant> expiration() {
        return Optional.ofNullable(expiration);
    }

    /**
     * The twelve-digit account id.
     *
     * @return empty if the source did not say
     */
    public Optional<String> accountId() {
        return Optional.ofNullable(accountId);
    }

    /**
     * The name of the source that gave them, for example {@code instance profile}.
     *
     * @return never null
     */
    public String source() {
        return source;
    }

    /**
     * Whom they speak for, for example the name of the instance's role.
     *
     * @return empty if the source did not say
     */
    public Optional<String> identity() {
        return Optional.ofNullable(identity);
    }

    /**
     * Says everything but the secrets.
     *
     * @return one line without the secret access key and without the session token
     */
    @Override
    public String toString() {
        return "Snapshot[" + accessKeyId + ", from " + source + (identity == null ? "" : " " + identity)
                + (accountId == null ? "" : ", account " + accountId)
                + (expiration == null ? ", does not expire" : ", expires " + expiration) + "]";
    }
}
