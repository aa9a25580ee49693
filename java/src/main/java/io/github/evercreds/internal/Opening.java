// Who serves a new provider: the engine, the SDK's own provider, or nobody (an exception).
package io.github.evercreds.internal;

import io.github.evercreds.EvercredsException;
import io.github.evercreds.NativeFailure;
import io.github.evercreds.Source;
import io.github.evercreds.Status;
import java.util.function.Function;

/**
 * The outcome of building the provider of an SDK. Where the engine cannot serve, the SDK's own provider of the very same
 * source may; never another one.
 *
 * @param <P> the SDK's type of providers
 */
public final class Opening<P> {
    /** The engine's; null if the SDK's own provider serves from the start. */
    public final Subscription subscription;
    private final Settings settings;
    private final Function<Source, P> standIns;
    /** Why the SDK's provider serves; null if the engine does. */
    private final String reason;
    private volatile P standIn;

    private Opening(Settings settings, Function<Source, P> standIns, Subscription subscription, String reason) {
        this.settings = settings;
        this.standIns = standIns;
        this.subscription = subscription;
        this.reason = reason;
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
        return NativeEngine.INSTANCE.subscribe(new Settings(settings));
    }

    /**
     * Opens for the provider of an SDK, which may hand over to the SDK's own.
     *
     * @param standIns makes the SDK's own provider of a source; throws {@link EvercredsException} with words that go on
     *     with a sentence if there is none that honours all that was asked
     * @throws EvercredsException if neither the engine nor the SDK's provider can give what was asked for
     */
    public static <P> Opening<P> forSdk(Settings given, Function<Source, P> standIns) {
        given.checkTogether();
        Settings settings = new Settings(given);
        if (Mode.read() == Mode.OFF) {
            Opening<P> off = new Opening<>(settings, standIns, null, "evercreds.mode is off");
            try {
                off.standIn = off.make();
            } catch (EvercredsException refused) {
                throw new EvercredsException(settings.label() + ": evercreds.mode (or EVERCREDS_MODE) is off, and " + refused.getMessage()
                        + ". What to do: ask for what the SDK can give, or switch it on", refused);
            }
            Logs.infoOnce(settings.label() + ": evercreds.mode is off; the AWS SDK's own provider serves");
            return off;
        }
        try {
            return new Opening<>(settings, standIns, NativeEngine.INSTANCE.subscribe(settings), null);
        } catch (NativeUnavailable failure) {
            Opening<P> handedOver = new Opening<>(settings, standIns, null, failure.getMessage());
            handedOver.handOver(failure);
            return handedOver;
        }
    }

    /** The SDK's provider that serves; null as long as the engine does. */
    public P standIn() {
        return standIn;
    }

    /**
     * The SDK's provider in place of the engine; that it serves is said once.
     *
     * @throws NativeUnavailable if there is none that may: the failure, and why
     */
    public P handOver(NativeUnavailable failure) {
        if (settings.onNativeFailure() == NativeFailure.FAIL) {
            throw failure;
        }
        P provider = standIn;
        if (provider == null) {
            try {
                provider = make();
            } catch (EvercredsException refused) {
                throw new NativeUnavailable(failure.getMessage() + ". The SDK cannot take over: " + refused.getMessage(), failure);
            }
            standIn = provider;
        }
        Logs.warnOnce(settings.label() + ": the AWS SDK's own provider serves, without evercreds: " + failure.getMessage());
        return provider;
    }

    private P make() {
        if (settings.expectRole() != null) {
            throw new EvercredsException("the SDK's own providers cannot honour an expected role");
        }
        try {
            return standIns.apply(settings.source());
        } catch (EvercredsException refused) {
            throw refused;
        } catch (RuntimeException | LinkageError broken) {
            throw new EvercredsException("the SDK's own provider of that source (" + settings.source().title() + ") cannot be made: " + broken, broken);
        }
    }

    /** How things stand when the SDK's provider serves. */
    public Status delegatedStatus() {
        return new StatusValue.Builder().label(settings.label()).delegated(standIn.getClass().getName(), reason).build();
    }
}
