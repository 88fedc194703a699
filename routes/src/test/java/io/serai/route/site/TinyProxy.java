package io.serai.route.site;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** An HTTP proxy of somebody else, on loopback, which asks for a login. */
final class TinyProxy implements AutoCloseable {
    private final int port;
    private final Path log;
    private final Process process;

    TinyProxy(Path folder, String user, String password) throws IOException {
        Programs.require("/usr/bin/tinyproxy", "tinyproxy-bin");
        Files.createDirectories(folder);
        port = Programs.freePort();
        log = folder.resolve("tinyproxy.log");
        Path config = folder.resolve("tinyproxy.conf");
        Files.writeString(config, """
                Port %d
                Listen 127.0.0.1
                Timeout 60
                MaxClients 50
                Allow 127.0.0.1
                LogLevel Connect
                BasicAuth %s %s
                """.formatted(port, user, password));
        process = Programs.start(List.of("/usr/bin/tinyproxy", "-d", "-c", config.toString()), log);
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
