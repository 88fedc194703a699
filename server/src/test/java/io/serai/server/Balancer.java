package io.serai.server;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * HAProxy with the configuration that Serai ships, on loopback addresses of this process' own: one for the balancer and
 * one for each node, so that all have the ports of a real cluster.
 */
final class Balancer implements AutoCloseable {
    private final String net;
    private final Path folder;
    private Tool.Running process;

    /** Chooses the addresses; nothing runs before {@link #start}. */
    Balancer(TestFolder test) {
        long pid = ProcessHandle.current().pid();
        net = "127." + (20 + pid / 250 % 200) + "." + pid % 250 + ".";
        folder = test.path();
    }

    String address() {
        return net + "1";
    }

    /** Where partners reach the load balancer in front of edges, when there are any. */
    String edgesAddress() {
        return net + "2";
    }

    /** The address of an edge, on both of its sides. */
    String edge(int index) {
        return net + (21 + index);
    }

    /** The settings of a node, as docs/cluster.md tells operators. */
    Map<String, String> settings(int index) {
        String own = net + (11 + index);
        Map<String, String> settings = new HashMap<>();
        for (String listener : new String[] {"sftp", "ftps", "https"}) {
            settings.put(listener + ".bind-address", own);
            settings.put(listener + ".proxy-protocol-from", "127.0.0.0/8");
        }
        settings.put("admin.bind-address", own);
        settings.put("sftp.port", "2222");
        settings.put("ftps.port", "2121");
        settings.put("ftps.implicit-port", "2990");
        settings.put("https.port", "8443");
        settings.put("admin.port", "8180");
        settings.put("ftps.passive-address", address());
        settings.put("ftps.passive-ports", (50000 + 100 * index) + "-" + (50099 + 100 * index));
        settings.put("tls.host-names", "localhost," + address() + "," + edgesAddress());
        return settings;
    }

    void start() {
        try (InputStream shipped = getClass().getResourceAsStream("/examples/haproxy.cfg")) {
            String text = new String(shipped.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("10.0.0.", net)
                    .replace("bind :", "bind " + address() + ":")
                    // On a loopback address the admin API has no TLS.
                    .replace(" check-ssl verify none", "");
            Path config = Files.writeString(folder.resolve("haproxy.cfg"), text);
            String program = Files.exists(Path.of("/usr/sbin/haproxy")) ? "/usr/sbin/haproxy" : "haproxy";
            Tool.run(program, "-c", "-f", config.toString()).expectSuccess();
            process = Tool.start(program, "-db", "-f", config.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        await("the load balancer and a node behind it")
                .atMost(Duration.ofSeconds(30))
                .ignoreExceptions()
                .until(() -> {
                    try (Socket socket = new Socket(address(), 2222)) {
                        socket.setSoTimeout(2_000);
                        return socket.getInputStream().read() == 'S';
                    }
                });
    }

    @Override
    public void close() {
        if (process != null) {
            process.kill();
        }
    }
}
