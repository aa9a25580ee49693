// The SDK's own provider of a source, for when the engine does not serve.
package io.github.evercreds.v2;

import io.github.evercreds.EvercredsException;
import io.github.evercreds.InstanceProfile;
import io.github.evercreds.Source;
import io.github.evercreds.WebIdentity;
import java.net.URI;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ContainerCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.auth.credentials.InstanceProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProcessCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.SystemPropertyCredentialsProvider;
import software.amazon.awssdk.auth.credentials.WebIdentityTokenFileCredentialsProvider;

/** Chooses the SDK's provider that reads the same source, never another. */
final class StandIn {
    private StandIn() { }

    /**
     * The SDK's provider.
     *
     * @throws EvercredsException if there is none that honours all that was asked
     */
    static AwsCredentialsProvider of(Source source) {
        switch (source.kind()) {
            case DEFAULT_CHAIN:
                // Not create(): that one is shared with the whole JVM, and anybody may have closed it.
                return DefaultCredentialsProvider.builder().build();
            case INSTANCE_PROFILE:
                return instanceProfile(source.asInstanceProfile().get());
            case ENVIRONMENT_VARIABLES:
                return EnvironmentVariableCredentialsProvider.create();
            case SYSTEM_PROPERTIES:
                return SystemPropertyCredentialsProvider.create();
            case CONTAINER:
                return ContainerCredentialsProvider.builder().build();
            case PROFILE:
                return source.profileName().isPresent() ? ProfileCredentialsProvider.create(source.profileName().get()) : ProfileCredentialsProvider.create();
            case PROCESS:
                return Later.process(source.command().get());
            case WEB_IDENTITY:
                return webIdentity(source.asWebIdentity().get());
            case ASSUME_ROLE:
                needSts();
                return RoleStandIn.of(source.asAssumeRole().get());
            default:
                throw new EvercredsException("SDK v2 has no provider for this source: " + source.title());
        }
    }

    private static AwsCredentialsProvider instanceProfile(InstanceProfile options) {
        if (options.roleName().isPresent()) {
            throw new EvercredsException("SDK v2's own provider cannot honour a role name of the instance metadata service");
        }
        return options.endpoint().isPresent() ? Later.instanceProfile(options.endpoint().get()) : InstanceProfileCredentialsProvider.create();
    }

    private static AwsCredentialsProvider webIdentity(WebIdentity options) {
        if (options.policy().isPresent() || !options.policyArns().isEmpty() || options.region().isPresent() || options.endpoint().isPresent()) {
            throw new EvercredsException("SDK v2's own provider of a web identity cannot honour a policy, a region or an endpoint");
        }
        needSts();
        return Later.webIdentity(options);
    }

    private static void needSts() {
        try {
            Class.forName("software.amazon.awssdk.services.sts.StsClient", false, StandIn.class.getClassLoader());
        } catch (ClassNotFoundException absent) {
            throw new EvercredsException("for a role SDK v2 needs its sts module, which is not on the class path", absent);
        }
    }

    /** What SDK 2.0.0 did not have yet; a class of its own, so that it is looked for only when it is used. */
    private static final class Later {
        static AwsCredentialsProvider instanceProfile(URI endpoint) {
            return InstanceProfileCredentialsProvider.builder().endpoint(endpoint.toString()).build();
        }

        /** The SDK calls it deprecated to give a shell a command in one piece; a {@code credential_process} is just that. */
        @SuppressWarnings("deprecation")
        static AwsCredentialsProvider process(String command) {
            return ProcessCredentialsProvider.builder().command(command).build();
        }

        static AwsCredentialsProvider webIdentity(WebIdentity options) {
            WebIdentityTokenFileCredentialsProvider.Builder builder = WebIdentityTokenFileCredentialsProvider.builder();
            options.roleArn().ifPresent(builder::roleArn);
            options.roleSessionName().ifPresent(builder::roleSessionName);
            options.tokenFile().ifPresent(builder::webIdentityTokenFile);
            options.duration().ifPresent(builder::roleSessionDuration);
            return builder.build();
        }
    }
}
