package io.serai.server.bench;

import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Two HAProxy processes with TLS 1.3 between them, one where partners come, one before the server's listeners: what an edge and
 * its server do with a connection that is passed through, by a programme that does nothing else.
 *
 * @param ports where each protocol is taken
 */
record HaproxyPair(Process near, Process far, Map<String, Integer> ports) implements AutoCloseable {
    /** With a PROXY protocol header, as the server's listeners must expect then. */
    static HaproxyPair start(Path folder, EdgeField field, List<String> protocols) throws IOException {
        Path certificate = Files.writeString(
                folder.resolve("haproxy.pem"),
                LinkIdentity.make(LinkRole.EDGE, "bench", InstantSource.system())
                        .toPem());
        Map<String, Integer> ports = new TreeMap<>();
        StringBuilder near = new StringBuilder(HaproxyFront.HEAD);
        StringBuilder far = new StringBuilder(HaproxyFront.HEAD);
        for (String protocol : protocols) {
            int port = Programme.freePort();
            int between = Programme.freePort();
            ports.put(protocol, port);
            near.append("""
                    listen %s
                      bind 127.0.0.1:%d
                      server far 127.0.0.1:%d ssl verify none force-tlsv13 send-proxy-v2
                    """.formatted(protocol, port, between));
            far.append("""
                    listen %s
                      bind 127.0.0.1:%d ssl crt %s accept-proxy
                      server serai 127.0.0.1:%d send-proxy-v2
                    """.formatted(protocol, between, certificate, field.serverPort(protocol)));
        }
        Process behind = HaproxyFront.run(folder.resolve("haproxy-far"), far.toString());
        try {
            Path log = folder.resolve("haproxy-near");
            HaproxyPair pair = new HaproxyPair(HaproxyFront.run(log, near.toString()), behind, ports);
            for (int port : ports.values()) {
                Programme.awaitPort(port, pair.near, log);
            }
            return pair;
        } catch (IOException e) {
            behind.destroy();
            throw e;
        }
    }

    int port(String protocol) {
        return ports.getOrDefault(protocol, 0);
    }

    /** Of both and the server behind them. */
    ProcessCpu cpuWith(ProcessHandle server) {
        return new ProcessCpu(server, near.toHandle(), far.toHandle());
    }

    @Override
    public void close() {
        near.destroy();
        far.destroy();
    }
}
