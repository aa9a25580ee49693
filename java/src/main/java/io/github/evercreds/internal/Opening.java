// Who serves a new provider: the engine, the SDK's own provider, or nobody (an exception).
package io.github.evercreds.internal;

import io.github.evercreds.EvercredsException;
import io.github.evercreds.NativeFailure;
import io.github.evercreds.Status;

/** The outcome of building a provider: exactly one of {@link #subscription} and {@link #reason} is set. */
public final class Opening {
    /** The engine's; null if the SDK's own provider of {@link #source} has to serve. */
    public final Subscription subscription;
    /** Why the SDK's provider serves; null if the engine does. */
    public final String reason;
    /** The source whose SDK provider stands in, now or later. */
    public final Settings.Source source;
    /** Whether the SDK's provider may stand in at all. */
    public final boolean mayDelegate;
    private final String label;

    private Opening(Settings settings, Subscription subscription, String reason) {
        this.subscription = subscription;
        this.reason = reason;
        this.source = settings.source();
        this.mayDelegate = settings.sdkCouldHonour() && settings.onNativeFailure() == NativeFailure.FALL_BACK;
        this.label = settings.label();
    }

    /**
     * Opens for the core refresher, which has no SDK to hand over to.
     *
     * @throws EvercredsException if the engine cannot or must not serve
     */
    public static Subscription forCore(Settings settings) {
        settings.checkTogether();
        if (Mode.read() == Mode.OFF) {
            throw new EvercredsException(settings.label() + ": evercreds.mode (or EVERCREDS_MODE) is off, and the core refresher has no SDK to hand over to. "
                    + "Use a provider of the v1 or v2 package, or switch it on.");
        }
        SystemInputs inputs = SystemInputs.read();
        String declared = declared(settings, inputs);
        if (declared != null) {
            throw new EvercredsException(settings.label() + ": " + declared + " declares a source that evercreds does not serve yet, and the role of the "
                    + "instance must not take its place. Unset it, or name the source that is meant, for example instanceProfile() (on the command line, --instance-profile).");
        }
        return NativeEngine.INSTANCE.subscribe(new Settings(settings), inputs);
    }

    /**
     * Opens for the provider of an SDK, which may hand over to the SDK's own.
     *
     * @throws EvercredsException if neither the engine nor the SDK's provider can give what was asked for
     */
    public static Opening forSdk(Settings settings) {
        settings.checkTogether();
        if (Mode.read() == Mode.OFF) {
            if (!settings.sdkCouldHonour()) {
                throw new EvercredsException(settings.label() + ": evercreds.mode (or EVERCREDS_MODE) is off, and the SDK's own provider cannot honour "
                        + "an endpoint, a role name or an expected role. Remove those, or switch it on.");
            }
            String reason = "evercreds.mode is off";
            Logs.infoOnce(settings.label() + ": " + reason + "; the AWS SDK's own provider serves");
            return new Opening(settings, null, reason);
        }
        SystemInputs inputs = SystemInputs.read();
        String declared = declared(settings, inputs);
        if (declared != null) {
            String reason = declared + " declares a source that evercreds does not serve yet";
            if (!settings.sdkCouldHonour()) {
                throw new EvercredsException(settings.label() + ": " + reason + ", and the SDK's default chain cannot honour an expected role. "
                        + "Unset it, or name the source that is meant, for example instanceProfile().");
            }
            Logs.warnOnce(settings.label() + ": " + reason + "; the AWS SDK's default chain serves. For the instance's role all the same, "
                    + "build the provider with instanceProfile().");
            return new Opening(settings, null, reason);
        }
        try {
            return new Opening(settings, NativeEngine.INSTANCE.subscribe(new Settings(settings), inputs), null);
        } catch (NativeUnavailable failure) {
            Opening handedOver = new Opening(settings, null, failure.getMessage());
            handedOver.handOver(failure);
            return handedOver;
        }
    }

    private static String declared(Settings settings, SystemInputs inputs) {
        return settings.source() == Settings.Source.DEFAULT ? DeclaredSources.find(settings.order(), inputs, DeclaredSources.home(settings.order())) : null;
    }

    /**
     * Says, once, that the SDK's provider stands in for the engine.
     *
     * @throws NativeUnavailable the failure, if it must not
     */
    public void handOver(NativeUnavailable failure) {
        if (!mayDelegate) {
            throw failure;
        }
        Logs.warnOnce(label + ": the AWS SDK's own provider serves, without evercreds: " + failure.getMessage());
    }

    /** How things stand when the named SDK provider serves. */
    public Status delegatedStatus(String provider) {
        return new Status.Builder().label(label).delegated(provider, reason).build();
    }
}
