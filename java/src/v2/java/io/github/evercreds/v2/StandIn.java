// The SDK's own provider of a source, for when the engine does not serve.
package io.github.evercreds.v2;

import io.github.evercreds.internal.Settings;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.auth.credentials.InstanceProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.SystemPropertyCredentialsProvider;

/** Chooses the SDK's provider that reads the same source, never another. */
final class StandIn {
    private StandIn() { }

    static AwsCredentialsProvider of(Settings.Source source) {
        switch (source) {
            case INSTANCE_PROFILE:
                return InstanceProfileCredentialsProvider.create();
            case ENVIRONMENT_VARIABLES:
                return EnvironmentVariableCredentialsProvider.create();
            case SYSTEM_PROPERTIES:
                return SystemPropertyCredentialsProvider.create();
            default:
                // Not create(): that one is shared with the whole JVM, and anybody may have closed it.
                return DefaultCredentialsProvider.builder().build();
        }
    }
}
