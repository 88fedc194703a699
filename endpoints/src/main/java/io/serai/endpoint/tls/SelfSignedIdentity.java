package io.serai.endpoint.tls;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Makes an EC P-256 key and a certificate that it signs itself, for a first start without any files. */
final class SelfSignedIdentity {
    private static final Duration LIFE = Duration.ofDays(825);
    private static final String IP_ADDRESS = "[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*";

    private final Set<String> names = new LinkedHashSet<>();

    SelfSignedIdentity(List<String> hostNames) {
        names.addAll(hostNames);
        names.addAll(List.of("localhost", "127.0.0.1", "::1"));
    }

    /** Writes the key first and readable by its owner alone; a file that has come up meanwhile is left as it is. */
    void writeTo(Path chainFile, Path keyFile) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            String chain = TlsIdentity.pem("CERTIFICATE", certificate(pair));
            write(keyFile, TlsIdentity.pem("PRIVATE KEY", pair.getPrivate().getEncoded()), "rw-------");
            write(chainFile, chain, "rw-r--r--");
        } catch (FileAlreadyExistsException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The TLS file " + e.getFile() + " came up while a new one was made; start again to use it",
                    e);
        } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "No certificate could be made at " + chainFile + ": " + e.getMessage()
                            + "; make the folder writable or give files that exist",
                    e);
        }
    }

    private byte[] certificate(KeyPair pair) throws IOException, OperatorCreationException {
        X500Name subject = new X500Name("CN=Serai listener");
        Instant now = Instant.now();
        GeneralName[] alternatives = names.stream()
                .map(name ->
                        new GeneralName(name.matches(IP_ADDRESS) ? GeneralName.iPAddress : GeneralName.dNSName, name))
                .toArray(GeneralName[]::new);
        return new JcaX509v3CertificateBuilder(
                        subject,
                        new BigInteger(127, new SecureRandom()),
                        Date.from(now.minus(Duration.ofHours(1))),
                        Date.from(now.plus(LIFE)),
                        subject,
                        pair.getPublic())
                .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
                .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                .addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
                .addExtension(Extension.subjectAlternativeName, false, new GeneralNames(alternatives))
                .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()))
                .getEncoded();
    }

    private static void write(Path file, String pem, String permissions) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        Set<OpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        var mode = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
        try (var channel = Files.newByteChannel(file, options, mode)) {
            channel.write(java.nio.ByteBuffer.wrap(pem.getBytes(StandardCharsets.US_ASCII)));
        }
    }
}
