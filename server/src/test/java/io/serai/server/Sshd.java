package io.serai.server;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** OpenSSH's server on the loopback address, with a folder to deliver to; the log of each of its sessions names every rename. */
final class Sshd implements AutoCloseable {
    private final Path folder;
    private final Path inbox;
    private final Path logs;
    private final int port;
    private final Tool.Running process;

    Sshd(TestFolder test) {
        try {
            folder = Files.createDirectory(test.resolve("sshd"));
            inbox = Files.createDirectory(folder.resolve("in"));
            logs = Files.createDirectory(folder.resolve("sessions"));
            port = freePort();
            for (String key : List.of("host", "user")) {
                Tool.run(
                                "ssh-keygen",
                                "-q",
                                "-t",
                                "ed25519",
                                "-N",
                                "",
                                "-f",
                                folder.resolve(key).toString())
                        .expectSuccess();
            }
            Path config = Files.writeString(folder.resolve("config"), """
                    ListenAddress 127.0.0.1
                    Port %d
                    HostKey %s/host
                    AuthorizedKeysFile %s/user.pub
                    PidFile none
                    StrictModes no
                    UsePAM no
                    PasswordAuthentication no
                    MaxStartups 100
                    Subsystem sftp /usr/lib/openssh/sftp-server -e -l VERBOSE 2>>%s/$$
                    """.formatted(port, folder, folder, logs));
            if (System.getProperty("user.name").equals("root")) {
                Files.createDirectories(Path.of("/run/sshd"));
            }
            process = Tool.start(
                    "/usr/sbin/sshd",
                    "-D",
                    "-f",
                    config.toString(),
                    "-E",
                    folder.resolve("log-of-logins").toString());
            await("sshd").atMost(Duration.ofSeconds(20)).ignoreExceptions().until(() -> {
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    return socket.isConnected();
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    int port() {
        return port;
    }

    /** The Site document for it; what is delivered there lies in the inbox. */
    String site(String name) {
        return site(name, port);
    }

    /** As {@link #site(String)}, reached by way of another port. */
    String site(String name, int through) {
        try {
            String key = Files.readString(folder.resolve("user")).indent(4);
            String[] host = Files.readString(folder.resolve("host.pub")).split(" ");
            return """
                    kind: Site
                    name: %s
                    spec:
                      protocol: sftp
                      host: 127.0.0.1
                      port: %d
                      user: %s
                      trust: ["%s %s"]
                      folder: %s
                      connectTimeout: 5s
                      timeout: 10s
                      privateKey: |
                    %s""".formatted(name, through, System.getProperty("user.name"), host[0], host[1], inbox, key);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path inbox() {
        return inbox;
    }

    /** The names that lie in the folder, hidden ones too. */
    List<String> names() {
        try (Stream<Path> files = Files.list(inbox)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Every name that a file was renamed to, as often as that was done; a refused rename did nothing. */
    List<String> renamedTo() {
        try (Stream<Path> sessions = Files.list(logs)) {
            return sessions.flatMap(session -> renamedTo(session).stream()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A request that fails is followed by its status: sftp-server answers one after another and, at VERBOSE, logs each. */
    private List<String> renamedTo(Path session) {
        try {
            String mark = " new \"" + inbox + "/";
            List<String> lines = Files.readAllLines(session);
            List<String> names = new ArrayList<>();
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i);
                boolean refused = i + 1 < lines.size() && lines.get(i + 1).startsWith("sent status");
                if (line.contains("rename old") && line.contains(mark) && !refused) {
                    names.add(line.substring(line.indexOf(mark) + mark.length(), line.lastIndexOf('"')));
                }
            }
            return names;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.kill();
    }
}
