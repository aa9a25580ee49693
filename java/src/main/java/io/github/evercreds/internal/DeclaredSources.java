// Does this process declare, for its default chain, a source that the engine does not serve?
package io.github.evercreds.internal;

import io.github.evercreds.Order;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Finds a declared source that the engine does not serve. A web identity, a container endpoint or a profile that is
 * declared must never end silently in the node's role, so the SDK's own chain serves then.
 */
final class DeclaredSources {
    private static final long LONGEST_FILE = 1 << 20;
    /** Only these keys make a profile a source; one with a region and an output format is none. */
    private static final String[] SOURCE_KEYS = {
        "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "role_arn", "source_profile", "credential_source",
        "credential_process", "web_identity_token_file", "sso_", "login_session",
    };

    private DeclaredSources() { }

    /** What is declared, as words for a person; null if nothing that we do not serve. {@code home} is the user's folder. */
    static String find(Order order, SystemInputs in, String home) {
        return staticKeys(order, in) ? null : variable(order, in) != null ? variable(order, in) : profile(order, in, home);
    }

    /** Complete static keys come before every other source in both SDKs' orders. */
    private static boolean staticKeys(Order order, SystemInputs in) {
        Map<String, String> env = in.environment;
        boolean inEnvironment = order == Order.V1
                ? set(env, "AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY") && set(env, "AWS_SECRET_KEY", "AWS_SECRET_ACCESS_KEY")
                : set(env, "AWS_ACCESS_KEY_ID") && set(env, "AWS_SECRET_ACCESS_KEY");
        return inEnvironment || set(in.properties, "aws.accessKeyId")
                && set(in.properties, order == Order.V1 ? "aws.secretKey" : "aws.secretAccessKey");
    }

    private static String variable(Order order, SystemInputs in) {
        for (String name : new String[] {"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                         "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_PROFILE"}) {
            if (set(in.environment, name)) {
                return "the environment variable " + name;
            }
        }
        String[] properties = order == Order.V1 ? new String[] {"aws.profile"}
                : new String[] {"aws.webIdentityTokenFile", "aws.containerCredentialsPath", "aws.containerCredentialsFullUri", "aws.profile"};
        for (String name : properties) {
            if (set(in.properties, name)) {
                return "the JVM property " + name;
            }
        }
        return null;
    }

    private static String profile(Order order, SystemInputs in, String home) {
        List<String> files = new ArrayList<>();
        String credentials = order == Order.V1
                ? first(in.environment.get("AWS_CREDENTIAL_PROFILES_FILE"), in.environment.get("AWS_SHARED_CREDENTIALS_FILE"))
                : first(in.properties.get("aws.sharedCredentialsFile"), in.environment.get("AWS_SHARED_CREDENTIALS_FILE"));
        String config = order == Order.V1 ? first(in.environment.get("AWS_CONFIG_FILE"))
                : first(in.properties.get("aws.configFile"), in.environment.get("AWS_CONFIG_FILE"));
        if (credentials != null) {
            files.add(credentials);
        } else if (home != null) {
            files.add(home + "/.aws/credentials");
        }
        if (config != null) {
            files.add(config);
        } else if (home != null) {
            files.add(home + "/.aws/config");
        }
        for (String file : files) {
            if (givesCredentials(file, home)) {
                return "the default profile in " + file;
            }
        }
        return null;
    }

    /** Whether the file's default profile has a key that makes it a source. In doubt (a file that cannot be read on): yes. */
    private static boolean givesCredentials(String name, String home) {
        Path file;
        try {
            file = Paths.get(name.startsWith("~/") && home != null ? home + name.substring(1) : name);
        } catch (InvalidPathException noPath) {
            return false;
        }
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            return false;
        }
        try {
            if (Files.size(file) > LONGEST_FILE) {
                return true;
            }
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8))) {
                boolean inDefault = false;
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    String text = line.trim();
                    if (text.startsWith("[")) {
                        int end = text.indexOf(']');
                        String section = end < 0 ? "" : text.substring(1, end).trim().replaceAll("\\s+", " ");
                        inDefault = section.equals("default") || section.equals("profile default");
                    } else if (inDefault && startsWithSourceKey(text)) {
                        return true;
                    }
                }
            }
            return false;
        } catch (IOException unreadable) {
            return true;
        }
    }

    private static boolean startsWithSourceKey(String line) {
        for (String key : SOURCE_KEYS) {
            if (line.regionMatches(true, 0, key, 0, key.length())) {
                return true;
            }
        }
        return false;
    }

    private static String first(String... candidates) {
        for (String candidate : candidates) {
            if (candidate != null && !candidate.trim().isEmpty()) {
                return candidate.trim();
            }
        }
        return null;
    }

    private static boolean set(Map<String, String> from, String... names) {
        for (String name : names) {
            String value = from.get(name);
            if (value != null && !value.trim().isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /** The user's folder as that SDK finds it: v1 asks the JVM, v2 the variables of the system first. */
    static String home(Order order) {
        String home = order == Order.V2 ? first(SystemInputs.variable("HOME"), SystemInputs.variable("USERPROFILE")) : null;
        return home != null ? home : first(SystemInputs.property("user.home"));
    }
}
