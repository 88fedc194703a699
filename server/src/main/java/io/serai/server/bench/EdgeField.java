package io.serai.server.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import io.serai.server.client.ServerProcess;
import io.serai.server.node.NodeFile;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * A server and an edge of it, two processes on the loopback address, with the listeners of both: what goes in at the edge
 * and what goes in at the server end in the same accounts.
 */
final class EdgeField implements AutoCloseable {
    static final String ACCOUNT = "bench";
    static final String PASSWORD = "bench-only-on-loopback";
    static final List<String> PROTOCOLS = List.of("sftp", "ftps", "https");

    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final ServerProcess server;
    private final BenchEdge edge;
    private final AdminClient admin;
    private final NodeFile node;
    private final Map<String, Integer> edgePorts;

    private EdgeField(
            ServerProcess server, BenchEdge edge, AdminClient admin, NodeFile node, Map<String, Integer> edgePorts) {
        this.server = server;
        this.edge = edge;
        this.admin = admin;
        this.node = node;
        this.edgePorts = edgePorts;
    }

    /**
     * What may differ.
     *
     * @param edgeJava options of the edge's process
     * @param linkPort where the edge waits for its server
     * @param dialled where the server dials, if something stands in between
     * @param settings of the server, beyond what all servers of benchmarks have
     * @param mode of the edge's listeners
     */
    record Plan(List<String> edgeJava, int linkPort, int dialled, Map<String, String> settings, Mode mode) {
        static Plan usual() throws IOException {
            int port = Programme.freePort();
            return new Plan(BenchEdge.JAVA, port, port, Map.of(), Mode.SESSIONS);
        }

        Plan with(Map<String, String> more) {
            return new Plan(edgeJava, linkPort, dialled, more, mode);
        }

        Plan with(List<String> otherEdgeJava) {
            return new Plan(otherEdgeJava, linkPort, dialled, settings, mode);
        }

        Plan dialling(int port) {
            return new Plan(edgeJava, linkPort, port, settings, mode);
        }

        Plan passingThrough() {
            return new Plan(edgeJava, linkPort, dialled, settings, Mode.TCP);
        }
    }

    /** How the edge's listeners work. */
    enum Mode {
        SESSIONS(List.of("sftp", "ftps", "https")),
        TCP(List.of("sftp", "https"));

        private final List<String> protocols;

        Mode(List<String> protocols) {
            this.protocols = protocols;
        }
    }

    /** Starts both, and waits until the edge's listeners take connections. */
    static EdgeField start(Path folder, Plan plan) throws IOException {
        Map<String, String> settings = new HashMap<>(BenchServer.SETTINGS);
        settings.put("login.max-waiting", "2000");
        settings.put("sessions.max", "5000");
        settings.putAll(plan.settings());
        ServerProcess server = ServerProcess.start(folder.resolve("server"), BenchServer.JAVA, settings);
        BenchEdge edge = null;
        try {
            NodeFile node = server.awaitUp(LIMIT);
            AdminClient admin = AdminClient.of(server.home(), Map.of());
            Map<String, Integer> ports = new HashMap<>();
            for (String protocol : plan.mode().protocols) {
                ports.put(protocol, Programme.freePort());
            }
            BenchServer.apply(admin, zone(plan, ports));
            String code = admin.post("/api/v1/edges/edge1/enrolment", Map.of("valid", "10m"))
                    .path("code")
                    .asText();
            edge = BenchEdge.start(folder.resolve("edge"), plan.edgeJava(), plan.linkPort(), code);
            EdgeField field = new EdgeField(server, edge, admin, node, ports);
            field.awaitListeners();
            return field;
        } catch (IOException | RuntimeException e) {
            if (edge != null) {
                edge.close();
            }
            server.close();
            throw e;
        }
    }

    private static String zone(Plan plan, Map<String, Integer> ports) {
        StringBuilder text = new StringBuilder("""
                kind: Zone
                name: dmz
                spec:
                  edges:
                    - name: edge1
                      addresses: ["127.0.0.1:%d"]
                  listeners:
                """.formatted(plan.dialled()));
        ports.forEach((protocol, port) ->
                text.append("""
                    - name: %s-dmz
                      protocol: %s
                      address: 127.0.0.1
                      port: %d
                      maxSessions: 4000
                      %s
                """.formatted(protocol, protocol, port, plan.mode() == Mode.TCP ? "mode: tcp" : "")));
        return text.toString();
    }

    private void awaitListeners() throws IOException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        for (int port : edgePorts.values()) {
            while (!listens(port)) {
                if (System.nanoTime() - deadline > 0 || !edge.process().isAlive()) {
                    throw new IOException("the edge did not open its listeners: " + Files.readString(edge.log()));
                }
                LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
            }
        }
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** An account without the limits that would be measured instead. */
    void account(String name, String bandwidth, List<String> publicKeys) {
        BenchServer.apply(admin, name + ".yaml", """
                kind: Account
                name: %s
                spec:
                  password: "%s"
                  publicKeys: [%s]
                  folders: [/in]
                  sessions: 4000
                  idleTimeout: 12h
                  %s
                """.formatted(
                name,
                PASSWORD,
                String.join(
                        ", ", publicKeys.stream().map(key -> "\"" + key + "\"").toList()),
                bandwidth.isEmpty() ? "" : "bandwidth: " + bandwidth));
    }

    int serverPort(String protocol) {
        return BenchServer.port(node, protocol);
    }

    /** Of FTPS and HTTPS, at the server and at the edge alike. */
    Set<String> certificates() {
        return Set.copyOf(BenchServer.listener(node, "https").fingerprints());
    }

    int edgePort(String protocol) {
        return edgePorts.getOrDefault(protocol, 0);
    }

    /** What the server says of its edge. */
    JsonNode edgeRow() {
        return admin.get("/api/v1/edges").path("edges").path(0);
    }

    ProcessHandle server() {
        return server.process().toHandle();
    }

    ProcessHandle edge() {
        return edge.process().toHandle();
    }

    Path edgeFolder() {
        return Objects.requireNonNull(edge.log().getParent());
    }

    ProcessCpu serverCpu() {
        return new ProcessCpu(server());
    }

    ProcessCpu bothCpu() {
        return new ProcessCpu(server(), edge());
    }

    @Override
    public void close() {
        edge.close();
        server.close();
    }
}
