package io.serai.config.document;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.Set;
import java.util.regex.Pattern;

/** Keys, fingerprints and certificates as they stand in documents: whether they can be right. */
final class Keys {
    private static final Set<String> ALGORITHMS = Set.of(
            "ssh-ed25519",
            "ecdsa-sha2-nistp256",
            "ecdsa-sha2-nistp384",
            "ecdsa-sha2-nistp521",
            "ssh-rsa",
            "sk-ssh-ed25519@openssh.com",
            "sk-ecdsa-sha2-nistp256@openssh.com");
    private static final int LEAST_RSA_BITS = 2048;
    private static final Pattern FINGERPRINT = Pattern.compile("sha256/[0-9a-f]{64}");
    private static final Pattern PRIVATE_KEY =
            Pattern.compile("(?s)\\s*-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----\\s.*\\s-----END \\1-----\\s*");

    private Keys() {}

    /** A line of authorized_keys without options: {@code algorithm base64 comment}. */
    static String publicKey(String text) {
        String line = text.strip();
        String[] words = line.split("\\s+", 3);
        if (words[0].contains("PRIVATE KEY")) {
            throw new IllegalArgumentException("this is a private key; the partner gives you the public one only");
        }
        if (!ALGORITHMS.contains(words[0])) {
            throw new IllegalArgumentException(
                    "expected a line such as \"ssh-ed25519 AAAA… comment\", beginning with one" + " of "
                            + String.join(", ", ALGORITHMS.stream().sorted().toList()) + ", without options");
        }
        if (words.length < 2) {
            throw new IllegalArgumentException("the key itself is missing after " + words[0]);
        }
        checkBlob(words[0], words[1]);
        return line;
    }

    /** {@code algorithm base64}, as {@code serai site trust} shows it. */
    static String hostKey(String text) {
        String[] words = text.strip().split("\\s+");
        if (words.length > 2 && ALGORITHMS.contains(words[1])) {
            throw new IllegalArgumentException("expected \"algorithm key\" without the host's name before it");
        }
        publicKey(text);
        return words[0] + " " + words[1];
    }

    /** {@code sha256/} and the fingerprint, or a PEM certificate. */
    static String certificate(String text) {
        if (FINGERPRINT.matcher(text.strip()).matches()) {
            return text.strip();
        }
        if (text.strip().startsWith("-----BEGIN CERTIFICATE-----")) {
            try {
                CertificateFactory.getInstance("X.509")
                        .generateCertificates(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
                return text;
            } catch (CertificateException e) {
                throw new IllegalArgumentException("the PEM certificate is damaged", e);
            }
        }
        throw new IllegalArgumentException(
                "expected \"sha256/\" and 64 lower-case hexadecimal digits (the certificate's"
                        + " fingerprint), or a PEM certificate");
    }

    /** Whether this can be a private key in PEM or OpenSSH's form. */
    static boolean isPrivateKey(String text) {
        return PRIVATE_KEY.matcher(text).matches();
    }

    private static void checkBlob(String algorithm, String base64) {
        try {
            ByteBuffer blob = ByteBuffer.wrap(decode(base64));
            String inner = new String(field(blob), StandardCharsets.US_ASCII);
            if (!inner.equals(algorithm)) {
                throw new IllegalArgumentException("the key is of another algorithm than the line says");
            }
            if (algorithm.equals("ssh-rsa")) {
                field(blob);
                int bits = new BigInteger(1, field(blob)).bitLength();
                if (bits < LEAST_RSA_BITS) {
                    throw new IllegalArgumentException("the RSA key has " + bits + " bits; ask for one with at least "
                            + LEAST_RSA_BITS + ", or better an ssh-ed25519 key");
                }
            } else {
                field(blob);
            }
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("the key is cut off; copy the whole line", e);
        }
    }

    private static byte[] decode(String base64) {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the key is not whole base64; copy the whole line", e);
        }
    }

    private static byte[] field(ByteBuffer blob) {
        int length = blob.getInt();
        if (length < 0 || length > blob.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] field = new byte[length];
        blob.get(field);
        return field;
    }
}
