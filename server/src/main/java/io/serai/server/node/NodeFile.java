package io.serai.server.node;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/**
 * What a running server writes to {@code run/node.json} under its home once it is up, so that scripts can start it on
 * port 0; removed when it stops.
 *
 * @param admin the URL of the admin API
 * @param adminFingerprints what the admin API presents, {@code sha256/…} of the certificate; empty without TLS, or when
 *     the server is of a release that does not say
 */
public record NodeFile(
        String name,
        String version,
        long pid,
        String bootId,
        long epoch,
        String started,
        String admin,
        List<String> adminFingerprints,
        List<Listener> listeners) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * A bound listener.
     *
     * @param fingerprints what it presents to clients, for partners to compare: {@code SHA256:…} of the SSH host keys, or
     *     {@code sha256/…} of the certificate
     */
    public record Listener(String name, String protocol, String address, int port, List<String> fingerprints) {
        public Listener {
            fingerprints = List.copyOf(fingerprints);
        }
    }

    public NodeFile {
        adminFingerprints = adminFingerprints == null ? List.of() : List.copyOf(adminFingerprints);
        listeners = List.copyOf(listeners);
    }

    public static Path location(Path home) {
        return home.resolve("run").resolve("node.json");
    }

    /** The token of the local administrator: a file of the home that only the server's user can read. */
    public static Path adminToken(Path home) {
        return home.resolve("keys").resolve("admin-token");
    }

    /** Reads the file of a server that is running; empty when there is none or its process has ended. */
    public static Optional<NodeFile> read(Path home) {
        try {
            NodeFile node = JSON.readValue(Files.readAllBytes(location(home)), NodeFile.class);
            // A crashed server leaves its file, and its pid and port go to whoever comes next.
            String owner = Files.getOwner(location(home)).getName();
            return ProcessHandle.of(node.pid())
                    .filter(ProcessHandle::isAlive)
                    .filter(process -> process.info().user().map(owner::equals).orElse(true))
                    .map(process -> node);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The run file " + location(home) + " cannot be read: " + e, e);
        }
    }

    void write(Path home) {
        try {
            Path file = location(home);
            Files.createDirectories(file.getParent());
            Path next = file.resolveSibling("node.json.next");
            Files.write(next, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.STORAGE_DOWN, "The run file under " + home + " cannot be written: " + e, e);
        }
    }

    static void remove(Path home) {
        try {
            Files.deleteIfExists(location(home));
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.STORAGE_DOWN, "The run file under " + home + " cannot be removed: " + e, e);
        }
    }
}
