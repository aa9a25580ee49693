// One call of one client: the line that crosses from the clients' JVM to the driver.
package io.github.evercreds.demo;

/** A call as its client saw it; times in wall milliseconds of the clients' clock. */
final class Call {
    /** The outcome of a call whose provider had nothing to hand out. */
    static final String NO_CREDENTIALS = "NoCredentials";
    /** AWS's code for a key past its expiration. */
    static final String EXPIRED_TOKEN = "ExpiredToken";

    private static final String TAG = "call";

    final String client;
    final long start;
    final long end;
    final long waited;
    final String outcome;
    /** Null if there was none. */
    final String accessKeyId;

    Call(String client, long start, long end, long waited, String outcome, String accessKeyId) {
        this.client = client;
        this.start = start;
        this.end = end;
        this.waited = waited;
        this.outcome = outcome;
        this.accessKeyId = accessKeyId;
    }

    boolean ok() {
        return outcome.equals(Caller.OK);
    }

    /** Whether it failed because the client had no credentials, or dead ones. */
    boolean failedForCredentials() {
        return outcome.equals(NO_CREDENTIALS) || expired();
    }

    /** SQS says ExpiredToken or, by its other protocol, ExpiredTokenException. */
    boolean expired() {
        return outcome.startsWith(EXPIRED_TOKEN);
    }

    String toLine() {
        return String.join(" ", TAG, client, Long.toString(start), Long.toString(end), Long.toString(waited), outcome,
                accessKeyId == null ? "-" : accessKeyId);
    }

    /** The call that a line tells of, or null if it tells of something else. */
    static Call fromLine(String line) {
        String[] words = line.split(" ");
        return words.length != 7 || !words[0].equals(TAG) ? null
                : new Call(words[1], Long.parseLong(words[2]), Long.parseLong(words[3]), Long.parseLong(words[4]), words[5],
                        words[6].equals("-") ? null : words[6]);
    }
}
