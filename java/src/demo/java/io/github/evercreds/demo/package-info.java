/**
 * The demo: real SQS clients of both SDKs, with our providers and with the SDKs' own, side by side through rotations and
 * faults. {@link io.github.evercreds.demo.Demo} drives; {@link io.github.evercreds.demo.DemoClients} runs in a JVM of
 * its own, whose clocks may run fast.
 */
package io.github.evercreds.demo;
