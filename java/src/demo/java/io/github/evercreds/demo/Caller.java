// What do the four clients have in common? One call, and what became of it.
package io.github.evercreds.demo;

/** An SQS client that sends one message at a time. */
interface Caller {
    /** What {@link #call()} gives when the service accepted the call. */
    String OK = "ok";

    /**
     * Sends a message.
     *
     * @return {@link #OK}, or AWS's error code, or the class of what the client threw
     */
    String call();

    /** Notes what the client's provider did during the call. */
    Meter meter();

    /** What the provider can say about itself, for the log. */
    String status();
}
