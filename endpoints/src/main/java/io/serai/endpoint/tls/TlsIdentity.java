package io.serai.endpoint.tls;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;

/**
 * A private key and its certificate chain, and the TLS that our listeners speak with it: versions 1.2 and 1.3, suites
 * with forward secrecy and authenticated encryption only.
 *
 * @param key the private key of the first certificate
 * @param chain the listener's certificate first, then those that signed it
 */
public record TlsIdentity(PrivateKey key, List<X509Certificate> chain) {
    private static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");
    private static final List<String> SUITES = List.of(
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    public TlsIdentity {
        chain = List.copyOf(chain);
    }

    public static List<String> protocols() {
        return PROTOCOLS;
    }

    /** The cipher suites by their standard names, the preferred one first. */
    public static List<String> suites() {
        return SUITES;
    }

    /**
     * Reads an identity, and makes a self-signed one first when neither file is there.
     *
     * @param hostNames what a made certificate is for, besides localhost
     * @throws SeraiException {@link ErrorCode#INVALID} when only one file is there or one cannot be read
     */
    public static TlsIdentity loadOrCreate(Path chainFile, Path keyFile, List<String> hostNames) {
        if (!Files.exists(chainFile) && !Files.exists(keyFile)) {
            new SelfSignedIdentity(hostNames).writeTo(chainFile, keyFile);
        }
        return load(chainFile, keyFile);
    }

    /** Reads a PEM chain and a PEM key (PKCS#8, PKCS#1 or SEC 1, not encrypted) and checks that they belong together. */
    public static TlsIdentity load(Path chainFile, Path keyFile) {
        return of(pemObjects(chainFile), chainFile, pemObjects(keyFile), keyFile);
    }

    /** As {@link #load}, from texts that are in no file. */
    public static TlsIdentity ofPem(String chain, String key) {
        Path chainName = Path.of("certificate in memory");
        Path keyName = Path.of("key in memory");
        return of(
                pemObjects(chainName, new StringReader(chain)),
                chainName,
                pemObjects(keyName, new StringReader(key)),
                keyName);
    }

    private static TlsIdentity of(List<Object> chainObjects, Path chainFile, List<Object> keyObjects, Path keyFile) {
        List<X509Certificate> chain = new ArrayList<>();
        for (Object object : chainObjects) {
            if (object instanceof X509CertificateHolder holder) {
                chain.add(certificate(chainFile, holder));
            }
        }
        if (chain.isEmpty()) {
            throw invalid(chainFile, "holds no certificate in PEM form", null);
        }
        PrivateKey key = keyObjects.stream()
                .map(TlsIdentity::keyInfo)
                .flatMap(List::stream)
                .findFirst()
                .map(info -> privateKey(keyFile, info))
                .orElseThrow(() -> invalid(keyFile, "holds no unencrypted private key in PEM form", null));
        checkPair(key, chain.get(0), keyFile);
        return new TlsIdentity(key, chain);
    }

    /** A context with this identity; clients' resumptions live in it, so a listener has one for all its connections. */
    public SSLContext context() {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("listener", key, new char[0], chain.toArray(Certificate[]::new));
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, new char[0]);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new SeraiException(ErrorCode.DEFECT, "No TLS context could be made: " + e.getMessage(), e);
        }
    }

    /** What clients may compare: {@code sha256/} and the lower-case hex of the SHA-256 of the first certificate. */
    public String fingerprint() {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(chain.get(0).getEncoded());
            return "sha256/" + HexFormat.of().formatHex(digest);
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "A certificate could not be hashed", e);
        }
    }

    /** The key as PKCS#8 PEM. */
    public String keyPem() {
        return pem("PRIVATE KEY", key.getEncoded());
    }

    /** The chain as PEM. */
    public String chainPem() {
        StringBuilder out = new StringBuilder();
        try {
            for (X509Certificate certificate : chain) {
                out.append(pem("CERTIFICATE", certificate.getEncoded()));
            }
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "A certificate could not be encoded", e);
        }
        return out.toString();
    }

    static String pem(String type, byte[] der) {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n";
    }

    private static List<Object> pemObjects(Path file) {
        try {
            return pemObjects(file, Files.newBufferedReader(file, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            throw invalid(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static List<Object> pemObjects(Path file, Reader text) {
        List<Object> objects = new ArrayList<>();
        try (PEMParser parser = new PEMParser(text)) {
            for (Object next = parser.readObject(); next != null; next = parser.readObject()) {
                objects.add(next);
            }
        } catch (IOException e) {
            throw invalid(file, "cannot be read: " + e.getMessage(), e);
        }
        return objects;
    }

    private static List<PrivateKeyInfo> keyInfo(Object object) {
        if (object instanceof PEMKeyPair pair) {
            return List.of(pair.getPrivateKeyInfo());
        }
        return object instanceof PrivateKeyInfo info ? List.of(info) : List.of();
    }

    private static PrivateKey privateKey(Path file, PrivateKeyInfo info) {
        // By the JDK's own names: a key that another registered provider calls "ECDSA" is none to the JDK's TLS.
        boolean curve = X9ObjectIdentifiers.id_ecPublicKey.equals(
                info.getPrivateKeyAlgorithm().getAlgorithm());
        try {
            return KeyFactory.getInstance(curve ? "EC" : "RSA")
                    .generatePrivate(new PKCS8EncodedKeySpec(info.getEncoded()));
        } catch (IOException | GeneralSecurityException e) {
            throw invalid(file, "holds a key of an unknown kind: " + e.getMessage(), e);
        }
    }

    private static X509Certificate certificate(Path file, X509CertificateHolder holder) {
        try {
            return new JcaX509CertificateConverter().getCertificate(holder);
        } catch (GeneralSecurityException e) {
            throw invalid(file, "holds a broken certificate: " + e.getMessage(), e);
        }
    }

    private static void checkPair(PrivateKey key, X509Certificate certificate, Path keyFile) {
        byte[] probe = "serai".getBytes(StandardCharsets.US_ASCII);
        String algorithm = key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
        try {
            java.security.Signature signer = java.security.Signature.getInstance(algorithm);
            signer.initSign(key);
            signer.update(probe);
            byte[] proof = signer.sign();
            signer.initVerify(certificate.getPublicKey());
            signer.update(probe);
            if (!signer.verify(proof)) {
                throw invalid(keyFile, "is not the key of the certificate beside it", null);
            }
        } catch (GeneralSecurityException e) {
            throw invalid(keyFile, "is not the key of the certificate beside it (use EC or RSA)", e);
        }
    }

    private static SeraiException invalid(Path file, String why, @org.jspecify.annotations.Nullable Exception cause) {
        return new SeraiException(
                ErrorCode.INVALID,
                "The TLS file " + file + " " + why
                        + "; give a PEM chain and its PEM key, or remove both files to have new ones made",
                cause);
    }
}
