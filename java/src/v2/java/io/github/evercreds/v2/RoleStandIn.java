// The SDK's own way to assume a role. Apart, because it needs the SDK's sts module, which few applications have.
package io.github.evercreds.v2;

import io.github.evercreds.AssumeRole;
import java.util.UUID;
import java.util.stream.Collectors;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.StsClientBuilder;
import software.amazon.awssdk.services.sts.auth.StsAssumeRoleCredentialsProvider;
import software.amazon.awssdk.services.sts.model.AssumeRoleRequest;
import software.amazon.awssdk.services.sts.model.PolicyDescriptorType;
import software.amazon.awssdk.services.sts.model.Tag;

/** Makes the SDK's provider of a role; only to be touched where the {@code sts} module is. */
final class RoleStandIn {
    private static final String SESSION = "evercreds-" + UUID.randomUUID().toString().replace("-", "").substring(0, 16);

    private RoleStandIn() { }

    static AwsCredentialsProvider of(AssumeRole role) {
        StsClientBuilder sts = StsClient.builder().credentialsProvider(StandIn.of(role.source()));
        role.region().map(Region::of).ifPresent(sts::region);
        role.endpoint().ifPresent(sts::endpointOverride);
        AssumeRoleRequest.Builder request = AssumeRoleRequest.builder()
                .roleArn(role.roleArn())
                .roleSessionName(role.roleSessionName().orElseGet(RoleStandIn::session));
        role.externalId().ifPresent(request::externalId);
        role.duration().ifPresent(duration -> request.durationSeconds((int) duration.getSeconds()));
        role.policy().ifPresent(request::policy);
        role.sourceIdentity().ifPresent(request::sourceIdentity);
        if (!role.policyArns().isEmpty()) {
            request.policyArns(role.policyArns().stream().map(arn -> PolicyDescriptorType.builder().arn(arn).build()).collect(Collectors.toList()));
        }
        if (!role.tags().isEmpty()) {
            request.tags(role.tags().entrySet().stream().map(tag -> Tag.builder().key(tag.getKey()).value(tag.getValue()).build()).collect(Collectors.toList()));
        }
        if (!role.transitiveTagKeys().isEmpty()) {
            request.transitiveTagKeys(role.transitiveTagKeys());
        }
        return StsAssumeRoleCredentialsProvider.builder().stsClient(sts.build()).refreshRequest(request.build()).build();
    }

    private static String session() {
        String named = System.getProperty("aws.roleSessionName", System.getenv("AWS_ROLE_SESSION_NAME"));
        return named != null && !named.trim().isEmpty() ? named.trim() : SESSION;
    }
}
