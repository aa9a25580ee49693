// Is this value one that can be meant? Each check names the option, what was given and what is allowed.
package io.github.evercreds.internal;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Checks of values that a person gives. The limits of IAM and STS are those of their API references (AssumeRole,
 * AssumeRoleWithWebIdentity, and "IAM and STS quotas"). What is null is a {@link NullPointerException}, what is illegal an
 * {@link IllegalArgumentException}; both begin with the option's name.
 */
public final class Checks {
    public static final int MOST_TAGS = 50;
    public static final int MOST_POLICY_ARNS = 10;
    /** Roles that sign for roles: more is a mistake, and every level is a request to STS. */
    public static final int DEEPEST_ROLES = 10;
    private static final int LONGEST_ARN = 2048;
    private static final int LONGEST_SHOWN = 128;

    private static final Pattern ROLE = Pattern.compile("[\\w+=,.@-]{1,64}");
    private static final Pattern ROLE_ARN = Pattern.compile("arn:aws(?:-[a-z0-9]+)*:iam::[0-9]{12}:role/(?:[\\x21-\\x7e]+/)?[\\w+=,.@-]{1,64}");
    private static final Pattern POLICY_ARN = Pattern.compile("arn:aws(?:-[a-z0-9]+)*:iam::(?:aws|[0-9]{12}):policy/[\\x21-\\x7e]+");
    private static final Pattern SESSION_NAME = Pattern.compile("[\\w+=,.@-]{2,64}");
    private static final Pattern EXTERNAL_ID = Pattern.compile("[\\w+=,.@:/-]{2,1224}");
    private static final Pattern POLICY = Pattern.compile("[\\t\\n\\r\\x20-\\xff]{1,2048}");
    private static final Pattern TAG_KEY = Pattern.compile("[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}");
    private static final Pattern TAG_VALUE = Pattern.compile("[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}");
    private static final Pattern REGION = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");

    private Checks() { }

    /** An IAM role's name. */
    public static String role(String option, String value) {
        needed(option, value, "an IAM role name");
        return matched(option, value, ROLE, "1 to 64 letters, digits or +=,.@_- are allowed (the name, not the ARN)");
    }

    public static String roleArn(String option, String value) {
        needed(option, value, "the ARN of a role");
        if (value.length() > LONGEST_ARN) {
            throw illegal(option, value, "at most " + LONGEST_ARN + " characters are allowed");
        }
        return matched(option, value, ROLE_ARN, "the ARN of a role is allowed, arn:aws:iam::123456789012:role/path/name");
    }

    /** The name of a role in its ARN. */
    public static String roleName(String arn) {
        return arn.substring(arn.lastIndexOf('/') + 1);
    }

    public static String policyArn(String option, String value) {
        needed(option, value, "the ARN of a managed policy");
        if (value.length() > LONGEST_ARN) {
            throw illegal(option, value, "at most " + LONGEST_ARN + " characters are allowed");
        }
        return matched(option, value, POLICY_ARN, "the ARN of a managed policy is allowed, arn:aws:iam::123456789012:policy/name");
    }

    /** The name of a session, or a source identity. */
    public static String sessionName(String option, String value) {
        needed(option, value, "a name of 2 to 64 characters");
        return matched(option, value, SESSION_NAME, "2 to 64 letters, digits or +=,.@_- are allowed");
    }

    /** Never shown: whoever knows it may be one step nearer to the role. */
    public static String externalId(String option, String value) {
        needed(option, value, "the id that the role's owner gave");
        if (!EXTERNAL_ID.matcher(value).matches()) {
            throw new IllegalArgumentException(option + ": a text of " + value.length() + " characters was given; 2 to 1224 letters, digits or "
                    + "+=,.@:/_- are allowed");
        }
        return value;
    }

    public static String policy(String option, String value) {
        needed(option, value, "a session policy as JSON");
        if (!POLICY.matcher(value).matches()) {
            throw new IllegalArgumentException(option + ": a text of " + value.length() + " characters was given; a session policy as JSON of 1 to 2048 "
                    + "characters of Latin-1 is allowed");
        }
        return value;
    }

    public static String tagKey(String option, String value) {
        needed(option, value, "the key of a session tag");
        if (value.regionMatches(true, 0, "aws:", 0, 4)) {
            throw illegal(option, value, "a key that does not begin with aws: is allowed");
        }
        return matched(option, value, TAG_KEY, "1 to 128 letters, digits, blanks or _.:/=+-@ are allowed");
    }

    public static String tagValue(String option, String value) {
        needed(option, value, "the value of a session tag");
        if (!TAG_VALUE.matcher(value).matches()) {
            throw new IllegalArgumentException(option + ": a text of " + value.length() + " characters was given; at most 256 letters, digits, blanks or "
                    + "_.:/=+-@ are allowed");
        }
        return value;
    }

    public static String region(String option, String value) {
        needed(option, value, "an AWS region");
        return matched(option, value, REGION, "a region such as eu-central-1 is allowed");
    }

    public static String profileName(String option, String value) {
        needed(option, value, "the name of a profile");
        if (value.trim().isEmpty() || value.length() > 256 || value.chars().anyMatch(Character::isISOControl)) {
            throw illegal(option, value, "1 to 256 characters, not all blank and none of them a control character, are allowed");
        }
        return value;
    }

    /** 8191 characters are the most that Windows' shell takes. Not shown: it may hold a secret. */
    public static String command(String option, String value) {
        needed(option, value, "a command for the shell");
        if (value.trim().isEmpty() || value.length() > 8191 || value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(option + ": a text of " + value.length() + " characters was given; 1 to 8191 characters, not all blank and "
                    + "none of them NUL, are allowed");
        }
        return value;
    }

    public static Path file(String option, Path value) {
        needed(option, value, "a file");
        if (value.toString().isEmpty()) {
            throw new IllegalArgumentException(option + ": an empty path was given; a file is allowed");
        }
        return value;
    }

    /** How long a role's session may last; STS counts seconds. */
    public static Duration session(String option, Duration value) {
        within(option, value, Duration.ofMinutes(15), Duration.ofHours(12));
        if (value.getNano() != 0) {
            throw new IllegalArgumentException(option + ": " + value + " was given; whole seconds are allowed");
        }
        return value;
    }

    public static Duration within(String option, Duration value, Duration least, Duration most) {
        needed(option, value, "a duration from " + least + " to " + most);
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(option + ": " + value + " was given; " + least + " to " + most + " is allowed");
        }
        return value;
    }

    /** The address of an instance metadata service, which speaks no TLS. */
    public static URI metadataEndpoint(String option, URI value) {
        return address(option, value, false);
    }

    /** The address of a service of AWS. */
    public static URI endpoint(String option, URI value) {
        return address(option, value, true);
    }

    private static URI address(String option, URI value, boolean tls) {
        String kind = tls ? "an http or https" : "an http";
        needed(option, value, kind + " URI");
        boolean known = "http".equalsIgnoreCase(value.getScheme()) || tls && "https".equalsIgnoreCase(value.getScheme());
        if (!known || value.getHost() == null || value.getRawQuery() != null || value.getRawFragment() != null || value.getRawUserInfo() != null) {
            String shown = value.getRawUserInfo() == null ? value.toString() : value.toString().replace(value.getRawUserInfo(), "***");
            throw new IllegalArgumentException(option + ": " + shown + " was given; " + kind + " URI with a host, without user, query and fragment is allowed");
        }
        return value;
    }

    public static String label(String option, String value) {
        needed(option, value, "a text");
        if (value.isEmpty() || value.length() > 100 || value.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(option + ": a text of " + value.length()
                    + " characters was given; 1 to 100 characters, none of them a control character, are allowed");
        }
        return value;
    }

    /** As much of it as a label may have. */
    public static String atMost100(String text) {
        return text.length() <= 100 ? text : text.substring(0, 97) + "...";
    }

    /** Whether one more may be added to so many. */
    public static void room(String option, int size, int most) {
        if (size >= most) {
            throw new IllegalArgumentException(option + ": one more than " + most + " was given; at most " + most + " are allowed");
        }
    }

    public static <T> T needed(String option, T value, String what) {
        return Objects.requireNonNull(value, () -> option + " must not be null: " + what + " is needed");
    }

    private static String matched(String option, String value, Pattern pattern, String allowed) {
        if (!pattern.matcher(value).matches()) {
            throw illegal(option, value, allowed);
        }
        return value;
    }

    private static IllegalArgumentException illegal(String option, String value, String allowed) {
        String shown = value.length() <= LONGEST_SHOWN ? "\"" + value.replaceAll("\\p{Cntrl}", "?") + "\"" : "a text of " + value.length() + " characters";
        return new IllegalArgumentException(option + ": " + shown + " was given; " + allowed);
    }
}
