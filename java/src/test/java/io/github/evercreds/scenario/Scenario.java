// What a scenario folder says: the world, what happens in it, and what must hold.
package io.github.evercreds.scenario;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.evercreds.ProviderBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** {@code scenario.json}; {@code tests/scenarios/README.md} says what each field means. Times are seconds after the start. */
final class Scenario {
    private static final ObjectMapper STRICT = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    String name;
    @JsonProperty List<String> variants = Collections.emptyList();
    @JsonProperty JsonNode world = STRICT.createObjectNode();
    @JsonProperty Provider provider = new Provider();
    @JsonProperty("beat_ms") int beatMillis = 500;
    @JsonProperty(required = true) double seconds;
    @JsonProperty List<Step> timeline = Collections.emptyList();
    @JsonProperty Expect expect = new Expect();

    /** How the provider is built. */
    static final class Provider {
        @JsonProperty String source = "instanceProfile";
        @JsonProperty String expectRole;
        @JsonProperty String roleName;
        /** Instead of the others: what a test gives by hand. */
        private io.github.evercreds.Source given;

        static Provider of(io.github.evercreds.Source given) {
            Provider provider = new Provider();
            provider.given = given;
            return provider;
        }

        /** Sets a builder of either SDK so. */
        void configure(ProviderBuilder<?> builder, URI imds) {
            if (given != null) {
                builder.source(given);
                return;
            }
            switch (source) {
                case "instanceProfile":
                    builder.instanceProfile().endpoint(imds);
                    break;
                case "systemProperties":
                    builder.systemProperties();
                    break;
                default:
                    throw new IllegalArgumentException("source " + source);
            }
            if (expectRole != null) {
                builder.expectRole(expectRole);
            }
            if (roleName != null) {
                builder.roleName(roleName);
            }
        }
    }

    /** One thing that happens: an action of the simulator, or something that the application does. */
    static final class Step {
        @JsonProperty(value = "at_s", required = true) double at;
        @JsonProperty("do") JsonNode action;
        @JsonProperty Application application;
    }

    /** What an application may do beside reading. */
    enum Application {
        /** Tells the provider that the held key was rejected. */
        @JsonProperty("invalidate") INVALIDATE,
        /** Asks for a refresh. */
        @JsonProperty("refresh") REFRESH
    }

    /** A stretch of time. */
    static final class Window {
        @JsonProperty(value = "from_s", required = true) double from;
        @JsonProperty(value = "to_s", required = true) double to;
        @JsonProperty List<String> codes = Collections.emptyList();
        @JsonProperty(required = true) String because;

        boolean covers(double t) {
            return t >= from && t <= to;
        }
    }

    /** What must hold; what is not named has the value that a healthy application needs. */
    static final class Expect {
        @JsonProperty("may_fail") List<Window> mayFail = Collections.emptyList();
        @JsonProperty("must_fail") List<Window> mustFail = Collections.emptyList();
        @JsonProperty("keys_at_least") int keysAtLeast = 1;
        @JsonProperty("keys_at_most") int keysAtMost = Integer.MAX_VALUE;
        @JsonProperty("first_wait_ms") int firstWaitMillis = 7000;
        @JsonProperty("longest_wait_ms") int longestWaitMillis = 500;
        @JsonProperty("imds_requests_at_most") int imdsRequestsAtMost = 80;
        @JsonProperty("imds_never_asked") List<String> imdsNeverAsked = Collections.emptyList();
        @JsonProperty("quiet_after_429_s") double quietAfter429;
        @JsonProperty("final_key") FinalKey finalKey = FinalKey.NEWEST;
        @JsonProperty("final_role") String finalRole;
        @JsonProperty("final_phases") List<String> finalPhases = java.util.Arrays.asList("FRESH", "ADVISORY", "MANDATORY");
        @JsonProperty("errors_contain") List<String> errorsContain = Collections.emptyList();
        @JsonProperty("no_errors") boolean noErrors;
        @JsonProperty("warnings_at_least") int warningsAtLeast;
        @JsonProperty("warnings_at_most") int warningsAtMost = 6;
    }

    /** Which key is held in the end. */
    enum FinalKey {
        /** The one that was minted last. */
        @JsonProperty("newest") NEWEST,
        /** The one before it. */
        @JsonProperty("former") FORMER,
        /** Whichever. */
        @JsonProperty("any") ANY
    }

    /** Every scenario of the folder, its variants each by itself. */
    static List<Scenario> readAll(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            List<Scenario> all = new ArrayList<>();
            for (Path entry : entries.filter(Files::isDirectory).sorted().collect(Collectors.toList())) {
                all.addAll(read(entry));
            }
            return all;
        } catch (IOException failed) {
            throw new UncheckedIOException("the scenarios in " + folder.toAbsolutePath(), failed);
        }
    }

    private static List<Scenario> read(Path folder) throws IOException {
        String text = new String(Files.readAllBytes(folder.resolve("scenario.json")), StandardCharsets.UTF_8);
        if (Files.size(folder.resolve("README.md")) == 0) {
            throw new IOException(folder + " does not say what it is about");
        }
        Scenario plain = parse(folder, text);
        if (plain.variants.isEmpty()) {
            return Collections.singletonList(plain);
        }
        List<Scenario> all = new ArrayList<>();
        for (String variant : plain.variants) {
            Scenario one = parse(folder, text.replace("$variant", variant));
            one.name += " " + variant;
            all.add(one);
        }
        return all;
    }

    private static Scenario parse(Path folder, String text) throws IOException {
        Scenario scenario = STRICT.readValue(text, Scenario.class);
        scenario.name = String.valueOf(folder.getFileName());
        return scenario;
    }
}
