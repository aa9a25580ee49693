// The SDK's own provider of a source, for when the engine does not serve.
package io.github.evercreds.v1;

import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.DefaultAWSCredentialsProviderChain;
import com.amazonaws.auth.EC2ContainerCredentialsProviderWrapper;
import com.amazonaws.auth.EnvironmentVariableCredentialsProvider;
import com.amazonaws.auth.InstanceProfileCredentialsProvider;
import com.amazonaws.auth.ProcessCredentialsProvider;
import com.amazonaws.auth.SystemPropertiesCredentialsProvider;
import com.amazonaws.auth.WebIdentityTokenCredentialsProvider;
import com.amazonaws.auth.profile.ProfileCredentialsProvider;
import io.github.evercreds.EvercredsException;
import io.github.evercreds.InstanceProfile;
import io.github.evercreds.Source;
import io.github.evercreds.WebIdentity;

/** Chooses the SDK's provider that reads the same source, never another. */
final class StandIn {
    private StandIn() { }

    /**
     * The SDK's provider.
     *
     * @throws EvercredsException if there is none that honours all that was asked
     */
    static AWSCredentialsProvider of(Source source) {
        switch (source.kind()) {
            case DEFAULT_CHAIN:
                return new DefaultAWSCredentialsProviderChain();
            case INSTANCE_PROFILE:
                return instanceProfile(source.asInstanceProfile().get());
            case ENVIRONMENT_VARIABLES:
                return new EnvironmentVariableCredentialsProvider();
            case SYSTEM_PROPERTIES:
                return new SystemPropertiesCredentialsProvider();
            case CONTAINER:
                return container();
            case PROFILE:
                return source.profileName().isPresent() ? new ProfileCredentialsProvider(source.profileName().get()) : new ProfileCredentialsProvider();
            case PROCESS:
                return process(source.command().get());
            case WEB_IDENTITY:
                return webIdentity(source.asWebIdentity().get());
            case ASSUME_ROLE:
                needSts();
                return RoleStandIn.of(source.asAssumeRole().get());
            default:
                throw new EvercredsException("SDK v1 has no provider for this source: " + source.title());
        }
    }

    private static AWSCredentialsProvider instanceProfile(InstanceProfile options) {
        if (options.endpoint().isPresent() || options.roleName().isPresent()) {
            throw new EvercredsException("SDK v1's own provider cannot honour an endpoint or a role name of the instance metadata service");
        }
        return InstanceProfileCredentialsProvider.getInstance();
    }

    /** Where no endpoint is declared, the SDK's wrapper would go to the instance's role, which is another identity. */
    private static AWSCredentialsProvider container() {
        if (System.getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") == null && System.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") == null) {
            throw new EvercredsException("no variable declares a container endpoint, and SDK v1 reads nothing else");
        }
        return new EC2ContainerCredentialsProviderWrapper();
    }

    /** The SDK calls it deprecated to give a shell a command in one piece; a {@code credential_process} is just that. */
    @SuppressWarnings("deprecation")
    private static AWSCredentialsProvider process(String command) {
        return ProcessCredentialsProvider.builder().withCommand(command).build();
    }

    private static AWSCredentialsProvider webIdentity(WebIdentity options) {
        if (options.duration().isPresent() || options.policy().isPresent() || !options.policyArns().isEmpty() || options.region().isPresent()
                || options.endpoint().isPresent()) {
            throw new EvercredsException("SDK v1's own provider of a web identity cannot honour a duration, a policy, a region or an endpoint");
        }
        needSts();
        WebIdentityTokenCredentialsProvider.Builder builder = WebIdentityTokenCredentialsProvider.builder();
        options.roleArn().ifPresent(builder::roleArn);
        options.roleSessionName().ifPresent(builder::roleSessionName);
        options.tokenFile().ifPresent(file -> builder.webIdentityTokenFile(file.toString()));
        return builder.build();
    }

    private static void needSts() {
        try {
            Class.forName("com.amazonaws.services.securitytoken.AWSSecurityTokenService", false, StandIn.class.getClassLoader());
        } catch (ClassNotFoundException absent) {
            throw new EvercredsException("for a role SDK v1 needs aws-java-sdk-sts, which is not on the class path", absent);
        }
    }
}
