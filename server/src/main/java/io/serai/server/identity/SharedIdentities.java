package io.serai.server.identity;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.cluster.secret.SharedSecrets;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import io.serai.endpoint.sftp.HostKeys;
import io.serai.endpoint.tls.TlsIdentity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Host keys and certificate of the cluster, so that a partner sees the same server whichever node answers. The database
 * decides; the files of a node's {@code keys} folder are its copy, renewed at each start. The first node puts in what its
 * folder holds already, or what it makes. A file that the database's differs from is kept beside it as {@code .former}.
 */
public final class SharedIdentities {
    private static final Logger LOG = LoggerFactory.getLogger(SharedIdentities.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String HOST_KEY = "ssh_host_[a-z0-9]+_key";
    private static final String CERTIFICATE_FILE = "tls-certificate.pem";
    private static final String KEY_FILE = "tls-key.pem";

    private final SharedSecrets secrets;
    private final Path folder;
    private final String by;

    /** What can be changed, versioned each. */
    public enum Kind {
        HOST_KEYS,
        CERTIFICATE;

        /** Its name in the database, in the API and on the command line. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** @param folder the node's folder of keys */
    public SharedIdentities(SharedSecrets secrets, Path folder, String by) {
        this.secrets = secrets;
        this.folder = folder;
        this.by = by;
    }

    /** The cluster's host keys, as files of the folder. */
    public HostKeys hostKeys() {
        Map<String, String> shared = shared(Kind.HOST_KEYS, () -> {
            HostKeys made = HostKeys.inFolder(folder);
            LOG.info("The cluster's host keys are now those of {}: {}", folder, made.fingerprints());
            return readAll(HOST_KEY);
        });
        putAway(HOST_KEY, shared);
        shared.forEach(this::write);
        return HostKeys.inFolder(folder);
    }

    /** The cluster's certificate, as files of the folder. */
    public TlsIdentity certificate(List<String> hostNames) {
        Map<String, String> shared = shared(Kind.CERTIFICATE, () -> {
            var unused = TlsIdentity.loadOrCreate(certificateFile(), keyFile(), hostNames);
            LOG.info("The cluster's certificate is now that of {}", folder);
            return readAll(CERTIFICATE_FILE.replace(".", "\\.") + "|" + KEY_FILE.replace(".", "\\."));
        });
        shared.forEach(this::write);
        return TlsIdentity.load(certificateFile(), keyFile());
    }

    public Path certificateFile() {
        return folder.resolve(CERTIFICATE_FILE);
    }

    public Path keyFile() {
        return folder.resolve(KEY_FILE);
    }

    /**
     * Puts others in force: each node shows them from its next start on.
     *
     * @param files host keys by the names of their files, or {@code tls-certificate.pem} and {@code tls-key.pem}
     */
    public void replace(Kind kind, Map<String, String> files, String by) {
        Path draft = folder.resolve("draft-" + UUID.randomUUID());
        try {
            Files.createDirectory(
                    draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            SharedIdentities drafted = new SharedIdentities(secrets, draft, by);
            files.forEach((name, text) -> {
                requireName(kind, name);
                drafted.write(name, text);
            });
            switch (kind) {
                case HOST_KEYS -> {
                    var unused = HostKeys.ofFiles(
                            files.keySet().stream().map(draft::resolve).toList());
                }
                case CERTIFICATE -> {
                    var unused = TlsIdentity.load(drafted.certificateFile(), drafted.keyFile());
                }
            }
            secrets.put(kind.word(), new SecretText(json(files)), by);
            LOG.info("{} changed the {} of the cluster; each node shows it from its next start on", by, kind.word());
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.STORAGE_DOWN, "The folder " + draft + " cannot be used: " + e, e);
        } finally {
            remove(draft);
        }
    }

    public void rollback(Kind kind, long version, String by) {
        secrets.rollback(kind.word(), version, by);
        LOG.info("{} put version {} of the {} in force, from each node's next start on", by, version, kind.word());
    }

    /** Every version, newest first, without the keys. */
    public List<SharedSecrets.Version> versions() {
        List<String> names = Stream.of(Kind.values()).map(Kind::word).toList();
        return secrets.list().stream()
                .filter(version -> names.contains(version.name()))
                .toList();
    }

    private static void requireName(Kind kind, String name) {
        boolean right = switch (kind) {
            case HOST_KEYS -> name.matches(HOST_KEY);
            case CERTIFICATE -> name.equals(CERTIFICATE_FILE) || name.equals(KEY_FILE);
        };
        if (!right) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "\"" + name + "\" is not a file of the " + kind.word() + "; expected "
                            + switch (kind) {
                                case HOST_KEYS -> "names such as ssh_host_ed25519_key";
                                case CERTIFICATE -> CERTIFICATE_FILE + " and " + KEY_FILE;
                            });
        }
    }

    private Map<String, String> shared(Kind kind, java.util.function.Supplier<Map<String, String>> maker) {
        SecretText stored = secrets.findOrMake(kind.word(), () -> new SecretText(json(maker.get())), by);
        try {
            return JSON.readValue(stored.reveal(), new TypeReference<TreeMap<String, String>>() {});
        } catch (JsonProcessingException e) {
            throw new SeraiException(ErrorCode.INVALID, "The stored " + kind.word() + " cannot be read", e);
        }
    }

    private static String json(Map<String, String> files) {
        try {
            return JSON.writeValueAsString(files);
        } catch (JsonProcessingException e) {
            throw new SeraiException(ErrorCode.DEFECT, "Keys cannot be written as JSON", e);
        }
    }

    private Map<String, String> readAll(String names) {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(folder)) {
            for (Path file : all.toList()) {
                String name = file.getFileName().toString();
                if (name.matches(names)) {
                    files.put(name, Files.readString(file, StandardCharsets.ISO_8859_1));
                }
            }
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The keys in " + folder + " cannot be read: " + e, e);
        }
        return files;
    }

    /** Host keys that the cluster does not have would be shown, too. */
    private void putAway(String names, Map<String, String> shared) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        for (String name : readAll(names).keySet()) {
            if (!shared.containsKey(name)) {
                keepFormer(folder.resolve(name));
            }
        }
    }

    private void write(String name, String text) {
        Path file = folder.resolve(name);
        try {
            Files.createDirectories(folder);
            if (Files.exists(file)) {
                if (Files.readString(file, StandardCharsets.ISO_8859_1).equals(text)) {
                    return;
                }
                keepFormer(file);
            }
            Path draft = folder.resolve(name + "." + UUID.randomUUID());
            Files.createFile(draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(draft, text, StandardCharsets.ISO_8859_1);
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The file " + file + " cannot be written: " + e, e);
        }
    }

    private static void keepFormer(Path file) {
        try {
            Files.move(file, file.resolveSibling(file.getFileName() + ".former"), StandardCopyOption.REPLACE_EXISTING);
            LOG.warn("{} is not the cluster's; it is kept as {}.former", file, file.getFileName());
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The file " + file + " cannot be put away: " + e, e);
        }
    }

    private static void remove(Path draft) {
        if (!Files.isDirectory(draft)) {
            return;
        }
        try (Stream<Path> all = Files.walk(draft)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            LOG.warn("The folder {} could not be removed; delete it, for it holds keys", draft, e);
        }
    }
}
