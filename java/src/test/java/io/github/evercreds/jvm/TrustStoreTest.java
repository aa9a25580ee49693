// A JVM that was told whom to trust trusts nobody else, and neither does the engine.
package io.github.evercreds.jvm;

import static org.junit.Assert.assertEquals;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Collections;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public class TrustStoreTest {
    @Rule
    public final TemporaryFolder folder = new TemporaryFolder();

    @Test
    public void the_trust_store_that_a_property_names_is_the_one_that_counts() throws Exception {
        Path store = folder.getRoot().toPath().resolve("trust.p12");
        KeyStore jdk = KeyStore.getInstance(KeyStore.getDefaultType());
        try (InputStream in = Files.newInputStream(cacerts())) {
            jdk.load(in, null);
        }
        KeyStore ours = KeyStore.getInstance("PKCS12");
        ours.load(null, null);
        int taken = 0;
        for (String alias : Collections.list(jdk.aliases())) {
            if (taken < 2 && jdk.getCertificate(alias) instanceof X509Certificate) {
                ours.setCertificateEntry(alias, jdk.getCertificate(alias));
                taken++;
            }
        }
        try (OutputStream out = Files.newOutputStream(store)) {
            ours.store(out, "changeit".toCharArray());
        }
        ChildJvm.Ended ended = new ChildJvm(TrustChild.class).property("javax.net.ssl.trustStore", store)
                .property("javax.net.ssl.trustStorePassword", "changeit").run();
        assertEquals(ended.output, Collections.singletonList("2"), ended.lines("ISSUERS"));
    }

    @Test
    public void a_trust_store_that_cannot_be_read_is_said_and_hands_over_nobody() throws Exception {
        Path broken = Files.write(folder.getRoot().toPath().resolve("broken"), new byte[] {1, 2, 3});
        ChildJvm.Ended ended = new ChildJvm(TrustChild.class).property("javax.net.ssl.trustStore", broken).run();
        assertEquals(ended.output, Collections.singletonList("0"), ended.lines("ISSUERS"));
        assertEquals(ended.output, true, ended.output.contains("certificates that this JVM trusts cannot be read"));
    }

    private static Path cacerts() {
        Path home = Paths.get(System.getProperty("java.home"));
        Path modern = home.resolve("lib/security/cacerts");
        return Files.exists(modern) ? modern : home.resolve("jre/lib/security/cacerts");
    }
}
