package io.serai.route.site;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A real OpenSSH server on a free port; one user, the one who runs the test, logs in by key. */
final class OpenSshServer implements AutoCloseable {
    private final Path folder;
    private final int port;
    private final Path log;
    private Process process;

    OpenSshServer(Path folder) throws IOException {
        Programs.require("/usr/sbin/sshd", "openssh-server");
        Programs.require("/usr/bin/ssh-keygen", "openssh-client");
        this.folder = Files.createDirectories(folder);
        this.port = Programs.freePort();
        this.log = folder.resolve("sshd.log");
        keyPair("user_key");
        keyPair("host_key");
        Files.copy(folder.resolve("user_key.pub"), folder.resolve("authorized_keys"));
        if (System.getProperty("user.name").equals("root")) {
            Files.createDirectories(Path.of("/run/sshd"));
        }
        start();
    }

    private void keyPair(String name) {
        Programs.run(List.of(
                "/usr/bin/ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-f",
                folder.resolve(name).toString()));
    }

    private void start() throws IOException {
        Path config = folder.resolve("sshd_config");
        Files.writeString(config, """
                Port %d
                ListenAddress 127.0.0.1
                HostKey %s
                AuthorizedKeysFile %s
                PidFile none
                StrictModes no
                UsePAM no
                PermitRootLogin yes
                PasswordAuthentication yes
                MaxStartups 100
                Subsystem sftp internal-sftp
                """.formatted(port, folder.resolve("host_key"), folder.resolve("authorized_keys")));
        process = Programs.start(List.of("/usr/sbin/sshd", "-D", "-e", "-f", config.toString()), log);
        Programs.awaitPort(process, port, log);
    }

    /** Ends the server and all its sessions, and starts it again with another host key. */
    void restartWithNewHostKey() throws IOException {
        close();
        Files.delete(folder.resolve("host_key"));
        Files.delete(folder.resolve("host_key.pub"));
        keyPair("host_key");
        start();
    }

    int port() {
        return port;
    }

    String privateKey() {
        return Programs.text(folder.resolve("user_key"));
    }

    /** As the field {@code trust} of a site holds it. */
    String hostKeyLine() {
        return Programs.text(folder.resolve("host_key.pub")).strip();
    }

    String hostKeyFingerprint() {
        try {
            Process keygen = new ProcessBuilder(
                            "/usr/bin/ssh-keygen",
                            "-l",
                            "-f",
                            folder.resolve("host_key.pub").toString())
                    .start();
            return new String(keygen.getInputStream().readAllBytes()).split(" ")[1];
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The processes of the logged-in sessions. */
    Stream<ProcessHandle> sessions() {
        return process.descendants();
    }

    @Override
    public void close() {
        Programs.stop(process);
    }
}
