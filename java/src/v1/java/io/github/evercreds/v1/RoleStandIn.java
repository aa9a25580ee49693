// The SDK's own way to assume a role. Apart, because it needs the SDK's STS module, which few applications have.
package io.github.evercreds.v1;

import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.STSAssumeRoleSessionCredentialsProvider;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.regions.DefaultAwsRegionProviderChain;
import com.amazonaws.services.securitytoken.AWSSecurityTokenServiceClientBuilder;
import com.amazonaws.services.securitytoken.model.Tag;
import io.github.evercreds.AssumeRole;
import io.github.evercreds.EvercredsException;
import java.util.UUID;
import java.util.stream.Collectors;

/** Makes the SDK's provider of a role; only to be touched where {@code aws-java-sdk-sts} is. */
final class RoleStandIn {
    /** STS's own default; the SDK's provider would ask for 15 minutes. */
    private static final int ONE_HOUR = 3600;
    private static final String SESSION = "evercreds-" + UUID.randomUUID().toString().replace("-", "").substring(0, 16);

    private RoleStandIn() { }

    static AWSCredentialsProvider of(AssumeRole role) {
        if (!role.policyArns().isEmpty()) {
            throw new EvercredsException("SDK v1's own provider of a role cannot honour managed policies");
        }
        AWSSecurityTokenServiceClientBuilder sts = AWSSecurityTokenServiceClientBuilder.standard().withCredentials(StandIn.of(role.source()));
        if (role.endpoint().isPresent()) {
            String region = role.region().orElseGet(() -> new DefaultAwsRegionProviderChain().getRegion());
            sts.withEndpointConfiguration(new EndpointConfiguration(role.endpoint().get().toString(), region));
        } else {
            role.region().ifPresent(sts::withRegion);
        }
        STSAssumeRoleSessionCredentialsProvider.Builder provider =
                new STSAssumeRoleSessionCredentialsProvider.Builder(role.roleArn(), role.roleSessionName().orElseGet(RoleStandIn::session))
                        .withStsClient(sts.build())
                        .withRoleSessionDurationSeconds(role.duration().map(d -> (int) d.getSeconds()).orElse(ONE_HOUR))
                        .withSessionTags(role.tags().entrySet().stream().map(tag -> new Tag().withKey(tag.getKey()).withValue(tag.getValue()))
                                .collect(Collectors.toList()))
                        .withTransitiveTagKeys(role.transitiveTagKeys());
        role.externalId().ifPresent(provider::withExternalId);
        role.policy().ifPresent(provider::withScopeDownPolicy);
        role.sourceIdentity().ifPresent(provider::withSourceIdentity);
        return provider.build();
    }

    private static String session() {
        String named = System.getenv("AWS_ROLE_SESSION_NAME");
        return named != null && !named.trim().isEmpty() ? named.trim() : SESSION;
    }
}
