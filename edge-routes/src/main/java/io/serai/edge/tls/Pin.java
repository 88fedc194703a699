package io.serai.edge.tls;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.Certificate;
import java.util.HexFormat;

/**
 * A public key by its SHA-256: of the SubjectPublicKeyInfo of a certificate, so it stays when the certificate is renewed.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record Pin(String hex) {
    public Pin {
        if (!hex.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException(
                    "A pin is 64 lower-case hexadecimal digits, the SHA-256 of a public key");
        }
    }

    public static Pin of(Certificate certificate) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return new Pin(HexFormat.of()
                    .formatHex(digest.digest(certificate.getPublicKey().getEncoded())));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This JVM has no SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return hex;
    }
}
