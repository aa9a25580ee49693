// Who competes? The four clients, by the names of their IMDS listeners.
package io.github.evercreds.demo;

/** A client of the demo. */
enum Contender {
    V1_OURS("v1-evercreds", "SDK v1", "with evercreds", true),
    V2_OURS("v2-evercreds", "SDK v2", "with evercreds", true),
    V1_OWN("v1-own", "SDK v1", "with its own provider", false),
    V2_OWN("v2-own", "SDK v2", "with its own provider", false);

    /** Names the client's listener in the simulator and its calls in the log. */
    final String id;
    final String sdk;
    final String provider;
    final boolean ours;

    Contender(String id, String sdk, String provider, boolean ours) {
        this.id = id;
        this.sdk = sdk;
        this.provider = provider;
        this.ours = ours;
    }
}
