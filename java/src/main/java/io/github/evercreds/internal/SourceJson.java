// How a source crosses the boundary to the engine: `SourceChoice` of the native library.
package io.github.evercreds.internal;

import io.github.evercreds.AssumeRole;
import io.github.evercreds.InstanceProfile;
import io.github.evercreds.Source;
import io.github.evercreds.WebIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Writes a {@link Source} as JSON. */
final class SourceJson {
    private SourceJson() { }

    static void write(JsonWriter json, Source source) {
        json.beginObject();
        switch (source.kind()) {
            case DEFAULT_CHAIN:
                json.field("type", "default");
                break;
            case ENVIRONMENT_VARIABLES:
                json.field("type", "environmentVariables");
                break;
            case SYSTEM_PROPERTIES:
                json.field("type", "systemProperties");
                break;
            case CONTAINER:
                json.field("type", "container");
                break;
            case PROFILE:
                json.field("type", "profile").field("name", source.profileName().orElse(null));
                break;
            case PROCESS:
                json.field("type", "process").field("command", source.command().get());
                break;
            case INSTANCE_PROFILE:
                instanceProfile(json.field("type", "instanceProfile"), source.asInstanceProfile().get());
                break;
            case WEB_IDENTITY:
                webIdentity(json.field("type", "webIdentity"), source.asWebIdentity().get());
                break;
            case ASSUME_ROLE:
                assumeRole(json.field("type", "assumeRole"), source.asAssumeRole().get());
                break;
            default:
                throw new IllegalStateException("no such kind: " + source.kind());
        }
        json.endObject();
    }

    private static void instanceProfile(JsonWriter json, InstanceProfile options) {
        json.field("endpoint", text(options.endpoint())).field("endpointMode", (String) null).field("roleName", options.roleName().orElse(null));
    }

    private static void webIdentity(JsonWriter json, WebIdentity options) {
        json.field("roleArn", options.roleArn().orElse(null))
                .field("roleSessionName", options.roleSessionName().orElse(null))
                .field("tokenFile", text(options.tokenFile()));
        session(json, options.duration(), options.policy(), options.policyArns());
        json.field("region", options.region().orElse(null)).field("endpoint", text(options.endpoint()));
    }

    private static void assumeRole(JsonWriter json, AssumeRole role) {
        json.field("roleArn", role.roleArn())
                .field("roleSessionName", role.roleSessionName().orElse(null))
                .field("externalId", role.externalId().orElse(null));
        session(json, role.duration(), role.policy(), role.policyArns());
        json.name("tags").beginArray();
        role.tags().forEach((key, value) -> json.beginArray().value(key).value(value).endArray());
        json.endArray();
        texts(json, "transitiveTagKeys", role.transitiveTagKeys());
        json.field("sourceIdentity", role.sourceIdentity().orElse(null))
                .field("region", role.region().orElse(null))
                .field("endpoint", text(role.endpoint()));
        write(json.name("source"), role.source());
    }

    private static void session(JsonWriter json, Optional<Duration> duration, Optional<String> policy, List<String> policyArns) {
        if (duration.isPresent()) {
            json.field("durationSeconds", duration.get().getSeconds());
        } else {
            json.field("durationSeconds", (String) null);
        }
        json.field("policy", policy.orElse(null));
        texts(json, "policyArns", policyArns);
    }

    private static void texts(JsonWriter json, String name, List<String> values) {
        json.name(name).beginArray();
        values.forEach(json::value);
        json.endArray();
    }

    private static String text(Optional<?> value) {
        return value.map(Object::toString).orElse(null);
    }
}
