// Whom the JVM trusts, as it is handed to the engine.
package io.github.evercreds.internal;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.junit.Test;

public class TrustTest {
    static List<byte[]> decoded(byte[] encoded) {
        List<byte[]> found = new ArrayList<>();
        ByteBuffer rest = ByteBuffer.wrap(encoded);
        while (rest.hasRemaining()) {
            byte[] one = new byte[rest.getInt()];
            rest.get(one);
            found.add(one);
        }
        return found;
    }

    @Test
    public void every_issuer_of_the_jvm_arrives_as_it_is() throws Exception {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        X509Certificate[] issuers = ((X509TrustManager) factory.getTrustManagers()[0]).getAcceptedIssuers();
        assertTrue("this JDK trusts somebody", issuers.length > 10);
        List<byte[]> arrived = decoded(Trust.encoded(issuers));
        assertEquals(issuers.length, arrived.size());
        for (int i = 0; i < issuers.length; i++) {
            Certificate back = CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(arrived.get(i)));
            assertEquals(issuers[i], back);
        }
        assertEquals(issuers.length, decoded(Trust.found()).size());
    }

    @Test
    public void nobody_is_no_bytes() throws Exception {
        assertArrayEquals(new byte[0], Trust.encoded(new X509Certificate[0]));
    }

    @Test
    public void the_engine_takes_what_is_handed_over() {
        NativeLoader.load();
        Trust.tell();
    }
}
