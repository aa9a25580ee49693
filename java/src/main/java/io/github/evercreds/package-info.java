/**
 * AWS credentials that are always fresh, without any AWS SDK: {@link io.github.evercreds.Refresher} owns a subscription
 * to the engine, {@link io.github.evercreds.Source} says where credentials come from,
 * {@link io.github.evercreds.Snapshot} is one set of them, {@link io.github.evercreds.Status} says how things stand. The
 * providers for the SDKs live in {@code io.github.evercreds.v1} and {@code .v2}.
 */
package io.github.evercreds;
