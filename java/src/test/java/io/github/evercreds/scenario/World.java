// One world of the simulator: its addresses, its truth, its journal.
package io.github.evercreds.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A world; closing it closes its ports. */
public final class World implements AutoCloseable {
    private final Simulator simulator;
    private final JsonNode made;
    private final String path;

    World(Simulator simulator, JsonNode made) {
        this.simulator = simulator;
        this.made = made;
        this.path = "/worlds/" + made.get("world").asText();
    }

    /** A credential set as the simulator knows it; times that never came are null. */
    public static final class CredentialSet {
        /** The access key id. */
        public final String key;
        final String role;
        final Instant mintedAt;
        final Instant expiration;
        final Instant supersededAt;
        final Instant revokedAt;
        final Instant usableFrom;
        final Instant servedFrom;

        CredentialSet(JsonNode json) {
            key = json.get("access_key_id").asText();
            role = json.get("role").asText();
            mintedAt = time(json.get("minted_at"));
            expiration = time(json.get("expiration"));
            supersededAt = time(json.get("superseded_at"));
            revokedAt = time(json.get("revoked_at"));
            usableFrom = time(json.get("usable_from"));
            servedFrom = time(json.get("served_from"));
        }

        /** Whether SQS takes it at that time. */
        public boolean liveAt(Instant t) {
            return expiration.isAfter(t) && (revokedAt == null || revokedAt.isAfter(t)) && (usableFrom == null || !usableFrom.isAfter(t));
        }
    }

    /** One entry of the journal. */
    static final class Entry {
        final Instant at;
        final String service;
        final String listener;
        final String path;
        final int status;
        final String key;
        final String fault;
        final String errorCode;

        Entry(JsonNode json) {
            at = time(json.get("at"));
            service = json.get("service").asText();
            listener = json.get("listener").asText();
            path = json.get("path").asText();
            status = json.path("status").asInt(0);
            key = json.path("access_key_id").asText("null");
            fault = json.path("fault").asText("null");
            errorCode = json.path("error_code").asText("null");
        }

        /** Whether IMDS handed out that key here. */
        boolean gave(String accessKeyId) {
            return service.equals("imds") && key.equals(accessKeyId);
        }
    }

    private static Instant time(JsonNode json) {
        return json == null || json.isNull() ? null : Instant.parse(json.asText());
    }

    /**
     * The address of an IMDS listener.
     *
     * @param listener its name
     * @return an http URI
     */
    public URI imds(String listener) {
        return URI.create(made.get("imds").get(listener).asText());
    }

    /** The address of another service: {@code sts}, {@code ecs}, {@code pod_identity}, {@code sso}, {@code oidc}, {@code signin}. */
    public URI service(String name) {
        return URI.create(made.get(name).asText());
    }

    /** The path of the container's credentials at the service {@code ecs}. */
    public String ecsPath() {
        return made.get("ecs_relative_uri").asText();
    }

    /** The answer to one of the sign-ins, for example {@code web-identity-token}. */
    JsonNode signIn(String what, String request) {
        return simulator.call("POST", path + "/" + what, Simulator.json(request));
    }

    /**
     * The address of SQS.
     *
     * @return an http URI
     */
    public URI sqs() {
        return URI.create(made.get("sqs").asText());
    }

    /**
     * The queue that every world has.
     *
     * @return its URL
     */
    public String queue() {
        return sqs() + "/123456789012/demo";
    }

    /**
     * Applies an action, or a list of them.
     *
     * @param action the body of {@code POST do}
     */
    public void perform(JsonNode action) {
        simulator.call("POST", path + "/do", action);
    }

    /**
     * Applies an action.
     *
     * @param action the action as JSON text, with ' for "
     */
    public void perform(String action) {
        perform(Simulator.json(action));
    }

    /** Every set that there was, the oldest first. */
    public List<CredentialSet> sets() {
        List<CredentialSet> sets = new ArrayList<>();
        simulator.call("GET", path + "/truth", null).get("sets").forEach(set -> sets.add(new CredentialSet(set)));
        return sets;
    }

    List<Entry> journal() {
        JsonNode journal = simulator.call("GET", path + "/journal?since=0", null);
        if (journal.get("dropped").asLong() > 0) {
            throw new IllegalStateException("the journal of " + path + " has dropped entries");
        }
        List<Entry> entries = new ArrayList<>();
        journal.get("entries").forEach(entry -> entries.add(new Entry(entry)));
        return entries;
    }

    /**
     * Everything in this world that nobody may ever print.
     *
     * @return secret keys, session tokens, IMDS tokens
     */
    public List<String> secrets() {
        List<String> secrets = new ArrayList<>();
        simulator.call("GET", path + "/secrets", null).get("secrets").forEach(secret -> secrets.add(secret.asText()));
        return secrets;
    }

    @Override
    public void close() {
        simulator.call("DELETE", path, null);
    }
}
