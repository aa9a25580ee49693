// A role that the SDK assumes in our place is asked for with all that was said, and signed by whom was named.
package io.github.evercreds;

import static org.junit.Assert.assertEquals;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

public class RoleStandInTest {
    @Before
    public void breakTheLibrary() {
        System.setProperty("evercreds.native.path", "/nonexistent/libevercreds.so");
        System.setProperty("aws.accessKeyId", "AKIDBASE");
        System.setProperty("aws.secretKey", "secret");
        System.setProperty("aws.secretAccessKey", "secret");
    }

    @After
    public void clear() {
        for (String name : new String[] {"evercreds.native.path", "aws.accessKeyId", "aws.secretKey", "aws.secretAccessKey"}) {
            System.clearProperty(name);
        }
    }

    @Test
    public void every_option_arrives_at_sts_and_the_named_source_signs() throws Exception {
        String common = "Action=AssumeRole DurationSeconds=7200 ExternalId=id:1 Policy={} %sRoleArn=arn:aws:iam::123456789012:role/app RoleSessionName=me "
                + "SourceIdentity=alice Tags.member.1.Key=team Tags.member.1.Value=a b TransitiveTagKeys.member.1=team signed by AKIDBASE for eu-west-1, and gave ASIAROLE";
        try (Isolated isolated = new Isolated(entry -> true)) {
            List<?> seen = (List<?>) isolated.call(Work.class, "both");
            assertEquals(Arrays.asList(String.format(common, ""), String.format(common, "PolicyArns.member.1.arn=arn:aws:iam::aws:policy/ReadOnlyAccess ")), seen);
        }
    }

    /** Runs in the isolated loader. */
    public static final class Work {
        private static final List<String> SEEN = new CopyOnWriteArrayList<>();

        private Work() { }

        /** Both SDKs, one after the other. */
        public static List<String> both() throws IOException {
            HttpServer sts = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 4);
            sts.createContext("/", exchange -> {
                String authorization = exchange.getRequestHeaders().getFirst("Authorization");
                SEEN.add(form(exchange.getRequestBody()) + " signed by " + authorization.replaceAll(".*Credential=(\\w+)/\\d+/([\\w-]+)/.*", "$1 for $2"));
                byte[] answer = ("<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>"
                        + "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>"
                        + Instant.now().plusSeconds(7200) + "</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/app/me</Arn>"
                        + "<AssumedRoleId>AROA:me</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>").getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", "text/xml");
                exchange.sendResponseHeaders(200, answer.length);
                exchange.getResponseBody().write(answer);
                exchange.close();
            });
            sts.start();
            try {
                AssumeRole.Builder role = AssumeRole.builder().roleArn("arn:aws:iam::123456789012:role/app").roleSessionName("me").externalId("id:1")
                        .duration(Duration.ofHours(2)).policy("{}").tag("team", "a b").transitiveTagKey("team").sourceIdentity("alice").region("eu-west-1")
                        .endpoint(URI.create("http://127.0.0.1:" + sts.getAddress().getPort())).source(Source.systemProperties());
                String v1 = io.github.evercreds.v1.EvercredsCredentialsProvider.builder().assumeRole(role.build()).build().getCredentials().getAWSAccessKeyId();
                SEEN.set(0, SEEN.get(0) + ", and gave " + v1);
                role.policyArn("arn:aws:iam::aws:policy/ReadOnlyAccess");
                String v2 = io.github.evercreds.v2.EvercredsCredentialsProvider.builder().assumeRole(role.build()).build().resolveCredentials().accessKeyId();
                SEEN.set(1, SEEN.get(1) + ", and gave " + v2);
                return SEEN;
            } finally {
                sts.stop(0);
            }
        }

        private static String form(InputStream body) throws IOException {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (int b = body.read(); b >= 0; b = body.read()) {
                all.write(b);
            }
            TreeMap<String, String> fields = new TreeMap<>();
            for (String pair : all.toString("UTF-8").split("&")) {
                fields.put(pair.split("=")[0], URLDecoder.decode(pair.substring(pair.indexOf('=') + 1), "UTF-8"));
            }
            fields.remove("Version");
            return fields.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).collect(Collectors.joining(" "));
        }
    }
}
