package io.serai.edge.tls;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Date;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** The key of a node's end of its links, with a certificate for one role that the key signs itself: the pin is the trust. */
public record LinkIdentity(PrivateKey key, X509Certificate certificate) {
    private static final Duration LIFE = Duration.ofDays(3_650);
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN (CERTIFICATE|PRIVATE KEY)-----([A-Za-z0-9+/=\\s]+)-----END \\1-----");

    /** A new EC P-256 key. */
    public static LinkIdentity make(LinkRole role, String node, InstantSource clock) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            return new LinkIdentity(pair.getPrivate(), parse(sign(pair, role, node, clock.instant())));
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new SeraiException(ErrorCode.DEFECT, "No key for the link could be made: " + e.getMessage(), e);
        }
    }

    /** Reads what {@link #toPem} wrote. */
    public static LinkIdentity fromPem(String pem) {
        try {
            byte[] key = block(pem, "PRIVATE KEY");
            byte[] certificate = block(pem, "CERTIFICATE");
            PrivateKey privateKey = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(key));
            return new LinkIdentity(privateKey, parse(certificate));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new SeraiException(
                    ErrorCode.INVALID, "The link's key file cannot be read: " + e.getMessage() + "; enrol again", e);
        }
    }

    private static byte[] block(String pem, String type) throws GeneralSecurityException {
        Matcher blocks = PEM.matcher(pem);
        while (blocks.find()) {
            if (blocks.group(1).equals(type)) {
                return Base64.getMimeDecoder().decode(blocks.group(2));
            }
        }
        throw new GeneralSecurityException("it has no " + type + " in PEM");
    }

    /** Key and certificate as text, the key in clear: for a file that its owner alone can read. */
    public String toPem() {
        try {
            return text("PRIVATE KEY", key.getEncoded()) + text("CERTIFICATE", certificate.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "The link's certificate cannot be written", e);
        }
    }

    public Pin pin() {
        return Pin.of(certificate);
    }

    @Override
    public String toString() {
        return "LinkIdentity[" + pin() + "]";
    }

    private static String text(String type, byte[] der) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + type + "-----\n" + base64 + "\n-----END " + type + "-----\n";
    }

    private static X509Certificate parse(byte[] der) throws GeneralSecurityException {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
    }

    private static byte[] sign(KeyPair pair, LinkRole role, String node, Instant now)
            throws IOException, OperatorCreationException {
        X500Name subject = new X500NameBuilder().addRDN(BCStyle.CN, node).build();
        return new JcaX509v3CertificateBuilder(
                        subject,
                        new BigInteger(127, new SecureRandom()),
                        Date.from(now.minus(Duration.ofDays(1))),
                        Date.from(now.plus(LIFE)),
                        subject,
                        pair.getPublic())
                .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
                .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                .addExtension(Extension.extendedKeyUsage, true, new ExtendedKeyUsage(role.purpose()))
                .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()))
                .getEncoded();
    }
}
