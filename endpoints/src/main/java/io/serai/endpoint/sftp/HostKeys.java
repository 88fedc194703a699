package io.serai.endpoint.sftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The private host keys of a listener, in the formats of OpenSSH and PEM only. */
public final class HostKeys {
    private static final Logger LOG = LoggerFactory.getLogger(HostKeys.class);

    private static final Map<String, KeySpec> MADE = new TreeMap<>(Map.of(
            "ssh_host_ed25519_key", new KeySpec(KeyPairProvider.SSH_ED25519, 256),
            "ssh_host_ecdsa_key", new KeySpec(KeyPairProvider.ECDSA_SHA2_NISTP256, 256),
            "ssh_host_rsa_key", new KeySpec(KeyPairProvider.SSH_RSA, 3072)));

    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> OTHERS = PosixFilePermissions.fromString("---rwxrwx");

    private final List<KeyPair> pairs;

    private record KeySpec(String type, int bits) {}

    private HostKeys(List<KeyPair> pairs) {
        this.pairs = List.copyOf(pairs);
    }

    /**
     * Reads the host keys of a folder ({@code ssh_host_*_key}). In a folder without any they are made: Ed25519, ECDSA
     * P-256 and RSA 3072, readable by their owner only. Safe when several processes do this at once.
     */
    public static HostKeys inFolder(Path folder) {
        try {
            Files.createDirectories(folder);
            if (keyFiles(folder).isEmpty()) {
                for (Map.Entry<String, KeySpec> key : MADE.entrySet()) {
                    make(folder.resolve(key.getKey()), key.getValue());
                }
                LOG.info("Host keys were made in {}", folder);
            }
            return ofFiles(keyFiles(folder));
        } catch (IOException | GeneralSecurityException e) {
            throw new SeraiException(
                    ErrorCode.INVALID, "The SSH host keys in " + folder + " cannot be read or made: " + e, e);
        }
    }

    /** Reads the host keys of a folder that an operator named; nothing is made there. */
    public static HostKeys inOperatorsFolder(Path folder) {
        try {
            List<Path> files = keyFiles(folder);
            if (files.isEmpty()) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "The folder " + folder
                                + " of sftp.host-keys holds no ssh_host_*_key; put keys there, or remove the"
                                + " setting to use those of the cluster");
            }
            return ofFiles(files);
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.INVALID, "The folder " + folder + " of sftp.host-keys cannot be read: " + e, e);
        }
    }

    /** Reads host keys from private key files without passphrases. */
    public static HostKeys ofFiles(List<Path> files) {
        List<KeyPair> pairs = new ArrayList<>();
        for (Path file : files) {
            pairs.addAll(read(file));
        }
        if (pairs.isEmpty()) {
            throw new SeraiException(ErrorCode.INVALID, "No SSH host key is given; name a folder or key files");
        }
        return new HostKeys(pairs);
    }

    /** Reads host keys from texts that are in no file, by their names. */
    public static HostKeys ofTexts(Map<String, String> texts) {
        List<KeyPair> pairs = new ArrayList<>();
        texts.forEach((name, text) -> {
            try (InputStream in = new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1))) {
                pairs.addAll(read(name, in));
            } catch (IOException | GeneralSecurityException e) {
                throw new SeraiException(ErrorCode.INVALID, "The SSH host key " + name + " cannot be read", e);
            }
        });
        if (pairs.isEmpty()) {
            throw new SeraiException(ErrorCode.INVALID, "No SSH host key is given");
        }
        return new HostKeys(pairs);
    }

    private static List<KeyPair> read(String name, InputStream in) throws IOException, GeneralSecurityException {
        List<KeyPair> pairs = new ArrayList<>();
        Iterable<KeyPair> found = SecurityUtils.loadKeyPairIdentities(null, NamedResource.ofName(name), in, null);
        if (found != null) {
            found.forEach(pairs::add);
        }
        return pairs;
    }

    /** "SHA256:…" of each public key, as clients show it. */
    public List<String> fingerprints() {
        return pairs.stream()
                .map(pair -> KeyUtils.getKeyType(pair) + " " + KeyUtils.getFingerPrint(pair.getPublic()))
                .toList();
    }

    KeyPairProvider provider() {
        return KeyPairProvider.wrap(pairs);
    }

    private static List<Path> keyFiles(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().matches("ssh_host_[a-z0-9]+_key"))
                    .sorted()
                    .toList();
        }
    }

    private static List<KeyPair> read(Path file) {
        List<KeyPair> pairs = new ArrayList<>();
        try {
            requirePrivate(file);
            try (InputStream in = Files.newInputStream(file)) {
                pairs.addAll(read(file.toString(), in));
            }
        } catch (IOException | GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.INVALID, "The SSH host key " + file + " cannot be read: " + e, e);
        }
        if (pairs.isEmpty()) {
            throw new SeraiException(
                    ErrorCode.INVALID, "The SSH host key " + file + " holds no private key in OpenSSH or PEM format");
        }
        return pairs;
    }

    private static void requirePrivate(Path file) throws IOException {
        if (!Files.getFileStore(file).supportsFileAttributeView("posix")) {
            return;
        }
        if (Files.getPosixFilePermissions(file).stream().anyMatch(OTHERS::contains)) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The SSH host key " + file
                            + " can be read by others; chmod 600 it, or delete it to have a new one");
        }
    }

    private static void make(Path file, KeySpec spec) throws IOException, GeneralSecurityException {
        KeyPair pair = KeyUtils.generateKeyPair(spec.type(), spec.bits());
        Path draft = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID());
        FileAttribute<?>[] attributes =
                Files.getFileStore(file.toAbsolutePath().getParent()).supportsFileAttributeView("posix")
                        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                        : new FileAttribute<?>[0];
        Files.createFile(draft, attributes);
        try {
            try (OutputStream out = Files.newOutputStream(draft, StandardOpenOption.WRITE, StandardOpenOption.SYNC)) {
                OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(pair, "serai", null, out);
            }
            Files.createLink(file, draft);
        } catch (FileAlreadyExistsException e) {
            LOG.debug("Another process made {} first", file, e);
        } finally {
            Files.delete(draft);
        }
    }
}
