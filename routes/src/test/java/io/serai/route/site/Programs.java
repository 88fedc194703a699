package io.serai.route.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** Runs the real servers that tests talk to. A missing one fails the test with the command that installs it. */
final class Programs {
    private Programs() {}

    static void require(String program, String debianPackage) {
        assertThat(Path.of(program))
                .as("%s is missing; install it: apt-get install -y %s", program, debianPackage)
                .exists();
    }

    static void run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes());
            assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
        } catch (IOException e) {
            throw new AssertionError(command + " cannot be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    static Process start(List<String> command, Path log) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    static void awaitPort(Process server, int port, Path log) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    assertThat(server.isAlive())
                            .as(() -> "it ended: " + text(log))
                            .isTrue();
                    try (Socket socket = new Socket("127.0.0.1", port)) {
                        return socket.isConnected();
                    } catch (IOException e) {
                        return false;
                    }
                });
    }

    static String text(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    static void stop(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static void signal(long pid, String name) {
        run(List.of("/bin/kill", "-" + name, Long.toString(pid)));
    }

    /** A self-signed certificate for 127.0.0.1 and its key, as PEM files cert.pem and key.pem. */
    static void makeCertificate(Path folder) {
        require("/usr/bin/openssl", "openssl");
        run(List.of(
                "/usr/bin/openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-keyout",
                folder.resolve("key.pem").toString(),
                "-out",
                folder.resolve("cert.pem").toString()));
    }
}
