package io.serai.route.site;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Dante, a SOCKS5 proxy of somebody else, on loopback. */
final class DanteServer implements AutoCloseable {
    private final int port;
    private final Path log;
    private final Process process;

    /** @param allowed the network that it connects to */
    DanteServer(Path folder, String allowed) throws IOException {
        Programs.require("/usr/sbin/danted", "dante-server");
        Files.createDirectories(folder);
        port = Programs.freePort();
        log = folder.resolve("danted.log");
        Path config = folder.resolve("danted.conf");
        Files.writeString(config, """
                logoutput: stdout
                internal: 127.0.0.1 port = %d
                external: lo
                clientmethod: none
                socksmethod: none
                user.unprivileged: %s
                client pass {
                  from: 127.0.0.0/8 to: 0.0.0.0/0
                }
                socks pass {
                  from: 127.0.0.0/8 to: %s
                  command: connect
                  log: connect
                }
                socks block {
                  from: 0.0.0.0/0 to: 0.0.0.0/0
                }
                """.formatted(port, System.getProperty("user.name"), allowed));
        process = Programs.start(
                List.of(
                        "/usr/sbin/danted",
                        "-N",
                        "1",
                        "-f",
                        config.toString(),
                        "-p",
                        folder.resolve("danted.pid").toString()),
                log);
        Programs.awaitPort(process, port, log);
    }

    int port() {
        return port;
    }

    Path log() {
        return log;
    }

    @Override
    public void close() {
        Programs.stop(process);
    }
}
