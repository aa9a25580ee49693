// Who is measured, and how is each asked for credentials?
package io.github.evercreds.bench;

import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.InstanceProfileCredentialsProvider;
import io.github.evercreds.v1.EvercredsCredentialsProvider;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.crt.auth.credentials.CredentialsProvider;
import software.amazon.awssdk.crt.auth.credentials.DefaultChainCredentialsProvider;
import software.amazon.awssdk.crt.io.ClientBootstrap;

/** One way to get credentials from the metadata service. */
enum Contender {
    /** SDK v1 with ours. */
    V1_OURS("evercreds, SDK v1", true),
    /** SDK v2 with ours. */
    V2_OURS("evercreds, SDK v2", true),
    /** SDK v1 with its own. */
    V1_THEIRS("SDK v1's own", false),
    /** SDK v2 with its own. */
    V2_THEIRS("SDK v2's own", false),
    /** SDK v2 with its own, refreshing in the background. */
    V2_THEIRS_ASYNC("SDK v2's own, async", false),
    /** The C runtime's default chain, its container source pointed to the same answers: its metadata address is fixed. */
    CRT("aws-crt-java", false);

    /** What asks once. */
    interface Reader {
        /** Credentials of the contender's own type. */
        Object read() throws Exception;
    }

    /** Its container source itself waits for an answer for over a minute. */
    private static final long CRT_LIMIT_S = 10;

    final String title;
    final boolean ours;

    Contender(String title, boolean ours) {
        this.title = title;
        this.ours = ours;
    }

    /** What a JVM needs so that {@link #open} asks this service. */
    List<String> jvmArguments(String imds) {
        return this == V1_THEIRS ? Collections.singletonList("-Dcom.amazonaws.sdk.ec2MetadataServiceEndpointOverride=" + imds) : Collections.emptyList();
    }

    /** What the environment of a JVM must say, so that {@link #open} asks this service: {@code NAME=VALUE}. */
    List<String> environment(String imds) {
        return this == CRT ? Collections.singletonList("AWS_CONTAINER_CREDENTIALS_FULL_URI=" + imds + "/latest/meta-data/iam/security-credentials/app-role")
                : Collections.emptyList();
    }

    /** A new provider; {@code label} makes ours distinct, those of others always are. */
    Reader open(String imds, String label) {
        switch (this) {
            case V1_OURS:
                AWSCredentialsProvider ours1 = EvercredsCredentialsProvider.builder().instanceProfile().endpoint(URI.create(imds)).label(label).build();
                return ours1::getCredentials;
            case V2_OURS:
                AwsCredentialsProvider ours2 = io.github.evercreds.v2.EvercredsCredentialsProvider.builder().instanceProfile()
                        .endpoint(URI.create(imds)).label(label).build();
                return ours2::resolveCredentials;
            case V1_THEIRS:
                return theirs1()::getCredentials;
            case V2_THEIRS:
            case V2_THEIRS_ASYNC:
                return theirs2(imds, this == V2_THEIRS_ASYNC)::resolveCredentials;
            default:
                CredentialsProvider crt = crt();
                return () -> crt.getCredentials().get(CRT_LIMIT_S, TimeUnit.SECONDS);
        }
    }

    // The shared instance would make a thousand providers one; what frameworks construct by name are separate ones.
    @SuppressWarnings("deprecation")
    private static AWSCredentialsProvider theirs1() {
        return new InstanceProfileCredentialsProvider();
    }

    static AwsCredentialsProvider theirs2(String imds, boolean async) {
        software.amazon.awssdk.auth.credentials.InstanceProfileCredentialsProvider.Builder builder =
                software.amazon.awssdk.auth.credentials.InstanceProfileCredentialsProvider.builder();
        return builder.endpoint(imds).asyncCredentialUpdateEnabled(async).build();
    }

    static CredentialsProvider crt() {
        return new DefaultChainCredentialsProvider.DefaultChainCredentialsProviderBuilder()
                .withClientBootstrap(ClientBootstrap.getOrCreateStaticDefault()).build();
    }

    static List<Contender> all() {
        return new ArrayList<>(Arrays.asList(values()));
    }

    /** All but the asynchronous variant, which only differs while something refreshes. */
    static List<Contender> plain() {
        List<Contender> plain = all();
        plain.remove(V2_THEIRS_ASYNC);
        return plain;
    }
}
