package io.serai.edge.tls;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8DecryptorProviderBuilder;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.PKCSException;

/**
 * A link's key under a passphrase, in PKCS#8 as OpenSSL reads it: AES-256 under PBKDF2 with HMAC-SHA256, 600,000 rounds. The
 * certificate beside it is in clear.
 */
final class EncryptedKey {
    /** The one of the JDK has no PKCS#7 padding by that name; this one is not registered for the whole process. */
    private static final Provider PROVIDER = new BouncyCastleProvider();

    private static final int ROUNDS = 600_000;

    private EncryptedKey() {}

    static boolean isEncrypted(String pem) {
        return pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----");
    }

    static String seal(LinkIdentity identity, SecretText passphrase) {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter out = new JcaPEMWriter(text)) {
            out.writeObject(new JcaPKCS8Generator(
                    identity.key(),
                    new JceOpenSSLPKCS8EncryptorBuilder(NISTObjectIdentifiers.id_aes256_CBC)
                            .setProvider(PROVIDER)
                            .setPRF(new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE))
                            .setIterationCount(ROUNDS)
                            .setRandom(new SecureRandom())
                            .setPassword(passphrase.reveal().toCharArray())
                            .build()));
            out.writeObject(identity.certificate());
        } catch (IOException | OperatorCreationException e) {
            throw new SeraiException(ErrorCode.DEFECT, "The link's key could not be encrypted: " + e.getMessage(), e);
        }
        return text.toString();
    }

    /** @throws SeraiException {@code INVALID} when the passphrase is another, or the file is damaged */
    static LinkIdentity open(String pem, SecretText passphrase, Path file) {
        try (PEMParser in = new PEMParser(new StringReader(pem))) {
            Object key = in.readObject();
            Object certificate = in.readObject();
            if (key instanceof PKCS8EncryptedPrivateKeyInfo sealed
                    && certificate instanceof X509CertificateHolder holder) {
                PrivateKey opened = new JcaPEMKeyConverter()
                        .getPrivateKey(sealed.decryptPrivateKeyInfo(new JceOpenSSLPKCS8DecryptorProviderBuilder()
                                .setProvider(PROVIDER)
                                .build(passphrase.reveal().toCharArray())));
                X509Certificate own = new JcaX509CertificateConverter().getCertificate(holder);
                return new LinkIdentity(opened, own);
            }
            throw new IOException("it has no encrypted key and certificate");
        } catch (PKCSException | OperatorCreationException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The key in " + file + " does not open with the passphrase that keyPassphrase gives",
                    e);
        } catch (IOException | CertificateException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The key in " + file + " cannot be read: " + e.getMessage()
                            + "; remove the folder keys and enrol again",
                    e);
        }
    }
}
