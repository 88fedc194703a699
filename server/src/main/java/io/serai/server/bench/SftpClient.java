package io.serai.server.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** OpenSSH's sftp as partners use it. Safe for several threads. */
final class SftpClient {
    private final AtomicInteger batches = new AtomicInteger();
    private final Path folder;
    private final Path key;

    private SftpClient(Path folder, Path key) {
        this.folder = folder;
        this.key = key;
    }

    /** With a new key of its own; keys, batches and output are kept in this folder. */
    static SftpClient in(Path folder) throws IOException {
        Path key = folder.resolve("client_key");
        Programme.run(
                folder,
                List.of(
                        Programme.find("ssh-keygen", "openssh-client").toString(),
                        "-q",
                        "-t",
                        "ed25519",
                        "-N",
                        "",
                        "-f",
                        key.toString()));
        return new SftpClient(folder, key);
    }

    Path key() {
        return key;
    }

    String publicKey() throws IOException {
        return Files.readString(key.resolveSibling(key.getFileName() + ".pub")).trim();
    }

    /** One session with these commands. */
    void run(int port, String user, String... lines) throws IOException {
        Path batch = Files.writeString(
                folder.resolve("batch-" + batches.incrementAndGet()), String.join("\n", lines) + "\n");
        Programme.run(
                folder,
                List.of(
                        Programme.find("sftp", "openssh-client").toString(),
                        "-q",
                        "-b",
                        batch.toString(),
                        "-i",
                        key.toString(),
                        "-P",
                        Integer.toString(port),
                        "-oStrictHostKeyChecking=no",
                        "-oUserKnownHostsFile=/dev/null",
                        "-oIdentitiesOnly=yes",
                        "-oKexAlgorithms=curve25519-sha256",
                        user + "@127.0.0.1"));
        Files.delete(batch);
    }
}
