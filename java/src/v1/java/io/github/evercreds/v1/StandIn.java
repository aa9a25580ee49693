// The SDK's own provider of a source, for when the engine does not serve.
package io.github.evercreds.v1;

import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.DefaultAWSCredentialsProviderChain;
import com.amazonaws.auth.EnvironmentVariableCredentialsProvider;
import com.amazonaws.auth.InstanceProfileCredentialsProvider;
import com.amazonaws.auth.SystemPropertiesCredentialsProvider;
import io.github.evercreds.internal.Settings;

/** Chooses the SDK's provider that reads the same source, never another. */
final class StandIn {
    private StandIn() { }

    static AWSCredentialsProvider of(Settings.Source source) {
        switch (source) {
            case INSTANCE_PROFILE:
                return InstanceProfileCredentialsProvider.getInstance();
            case ENVIRONMENT_VARIABLES:
                return new EnvironmentVariableCredentialsProvider();
            case SYSTEM_PROPERTIES:
                return new SystemPropertiesCredentialsProvider();
            default:
                return new DefaultAWSCredentialsProviderChain();
        }
    }
}
