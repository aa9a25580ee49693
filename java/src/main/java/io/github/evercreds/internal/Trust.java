// Whom does this JVM trust when it speaks TLS?
package io.github.evercreds.internal;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * The issuers that the JVM's default trust manager accepts: {@code javax.net.ssl.trustStore}, or the JDK's own
 * {@code cacerts}. The engine asks for them before it speaks TLS the first time; reading them takes a tenth of a second.
 */
final class Trust {
    private Trust() { }

    /** Finds them and hands them to the engine. On the dispatcher: a trust manager may be anybody's code. */
    static void tell() {
        Native.trust(found());
    }

    /**
     * What the engine gets; nothing at all if the JVM does not tell. A trust store that is named and not there is empty for
     * the JVM, which then trusts nobody; it says nothing either, and the engine goes on to the platform's.
     */
    static byte[] found() {
        try {
            return encoded(issuers());
        } catch (GeneralSecurityException | RuntimeException | LinkageError broken) {
            Logs.write(Logs.WARN, Logs.LOGGER, "the certificates that this JVM trusts cannot be read, so those of the platform are trusted: " + broken);
            return new byte[0];
        }
    }

    private static X509Certificate[] issuers() throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509TrustManager) {
                return ((X509TrustManager) manager).getAcceptedIssuers();
            }
        }
        return new X509Certificate[0];
    }

    /** Each as DER, after its length in four bytes, the highest first. */
    static byte[] encoded(X509Certificate[] certificates) throws CertificateEncodingException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (X509Certificate certificate : certificates) {
            byte[] der = certificate.getEncoded();
            for (int shift = 24; shift >= 0; shift -= 8) {
                out.write(der.length >>> shift);
            }
            out.write(der, 0, der.length);
        }
        return out.toByteArray();
    }
}
