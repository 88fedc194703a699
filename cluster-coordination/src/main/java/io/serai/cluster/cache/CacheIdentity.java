package io.serai.cluster.cache;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.HexFormat;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * The one identity that the caches of all nodes of a cluster have: a key and the certificate that it signed itself. A
 * connection between caches is TLS on which both ends prove that they have this key, and neither accepts another. It is
 * kept as a secret of the cluster, encrypted under the cluster's key.
 */
public final class CacheIdentity {
    private static final Duration LIFE = Duration.ofDays(36_500);

    private final PrivateKey key;
    private final Certificate certificate;

    private CacheIdentity(PrivateKey key, Certificate certificate) {
        this.key = key;
        this.certificate = certificate;
    }

    /** A new identity, as the secret that {@link #of} reads. */
    public static SecretText make() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            X500Name name = new X500Name("CN=Serai cache");
            Instant now = Instant.now();
            byte[] signed = new JcaX509v3CertificateBuilder(
                            name,
                            new BigInteger(127, new SecureRandom()),
                            Date.from(now.minus(Duration.ofDays(1))),
                            Date.from(now.plus(LIFE)),
                            name,
                            pair.getPublic())
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()))
                    .getEncoded();
            Base64.Encoder encoder = Base64.getEncoder();
            return new SecretText(
                    encoder.encodeToString(pair.getPrivate().getEncoded()) + " " + encoder.encodeToString(signed));
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new SeraiException(ErrorCode.DEFECT, "The identity of the caches could not be made", e);
        }
    }

    public static CacheIdentity of(SecretText secret) {
        String[] parts = secret.reveal().split(" ", 2);
        try {
            Base64.Decoder decoder = Base64.getDecoder();
            PrivateKey key =
                    KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(decoder.decode(parts[0])));
            Certificate certificate = CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(decoder.decode(parts[1])));
            return new CacheIdentity(key, certificate);
        } catch (GeneralSecurityException | IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new SeraiException(ErrorCode.INVALID, "The stored identity of the caches cannot be read", e);
        }
    }

    /** TLS with this identity, for both ends of a connection; nothing but this identity is trusted. */
    SSLContext context() {
        return contextTrusting(this);
    }

    /** TLS with this identity for who trusts another one, for tests of what is refused. */
    SSLContext contextTrusting(CacheIdentity other) {
        try {
            KeyStore own = KeyStore.getInstance("PKCS12");
            own.load(null, null);
            own.setKeyEntry("cache", key, new char[0], new Certificate[] {certificate});
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(own, new char[0]);
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry("cache", other.certificate);
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new SeraiException(ErrorCode.DEFECT, "No TLS for the caches could be made", e);
        }
    }

    /**
     * The name of a group of those who have this identity. With another identity it is another name, so that nobody loses
     * time at an address where it would be refused.
     */
    String groupName(String name) {
        return name + "-" + HexFormat.of().formatHex(digest("serai cache group"), 0, 8);
    }

    /** A key for keyed hashes, the same on all nodes. */
    SecretKey hashKey() {
        return new SecretKeySpec(digest("serai verified passwords"), "HmacSHA256");
    }

    private byte[] digest(String purpose) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(purpose.getBytes(StandardCharsets.US_ASCII));
            return digest.digest(key.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "No key of the caches could be derived", e);
        }
    }
}
