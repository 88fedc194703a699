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
import java.util.stream.Stream;

/**
 * HAProxy in TCP mode in front of a server's listeners, on the loopback addresses.
 *
 * @param ports where each protocol is taken
 */
record HaproxyFront(List<Process> processes, Map<String, Integer> ports) implements AutoCloseable {
    /**
     * Also its own, not the server's: who comes to it for FTPS finds the ports of data connections there, which the server
     * has under the same numbers.
     */
    static final String ADDRESS = "127.0.0.2";

    private static final String HEAD = """
            global
              maxconn 1000
            defaults
              mode tcp
              timeout connect 5s
              timeout client 10m
              timeout server 10m
            """;

    /** With a PROXY protocol header, as the server's listeners must expect then. */
    static HaproxyFront withHeaders(Path folder, EdgeField field, List<String> protocols) throws IOException {
        return start(folder, field, protocols, " send-proxy-v2", "");
    }

    /**
     * With nothing but the bytes, and with the data connections of FTPS.
     *
     * @param dataPorts of the server's FTPS, as in {@code 50000-50999}
     */
    static HaproxyFront plain(Path folder, EdgeField field, List<String> protocols, String dataPorts)
            throws IOException {
        return start(folder, field, protocols, "", """
                listen data
                  bind %s:%s
                  server serai 127.0.0.1
                """.formatted(ADDRESS, dataPorts));
    }

    private static HaproxyFront start(Path folder, EdgeField field, List<String> protocols, String options, String more)
            throws IOException {
        Map<String, Integer> ports = new TreeMap<>();
        StringBuilder text = new StringBuilder(HEAD);
        for (String protocol : protocols) {
            int port = Programme.freePort();
            ports.put(protocol, port);
            text.append("""
                    listen %s
                      bind 127.0.0.1:%d,%s:%d
                      server serai 127.0.0.1:%d%s
                    """.formatted(protocol, port, ADDRESS, port, field.serverPort(protocol), options));
        }
        text.append(more);
        Path log = folder.resolve("haproxy");
        Process process = run(log, text.toString());
        HaproxyFront front = new HaproxyFront(List.of(process), ports);
        try {
            for (int port : ports.values()) {
                Programme.awaitPort(port, process, log);
            }
            return front;
        } catch (IOException e) {
            front.close();
            throw e;
        }
    }

    /**
     * Two processes with TLS 1.3 between them, one where partners come, one before the server's listeners: what an edge and its
     * server do with a connection that is passed through, by a programme that does nothing else. With a PROXY protocol header.
     */
    static HaproxyFront paired(Path folder, EdgeField field, List<String> protocols) throws IOException {
        Path certificate = Files.writeString(
                folder.resolve("haproxy.pem"),
                LinkIdentity.make(LinkRole.EDGE, "bench", InstantSource.system())
                        .toPem());
        Map<String, Integer> ports = new TreeMap<>();
        StringBuilder near = new StringBuilder(HEAD);
        StringBuilder far = new StringBuilder(HEAD);
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
        Process behind = run(folder.resolve("haproxy-far"), far.toString());
        try {
            Path log = folder.resolve("haproxy-near");
            HaproxyFront pair = new HaproxyFront(List.of(run(log, near.toString()), behind), ports);
            for (int port : ports.values()) {
                Programme.awaitPort(port, pair.processes.get(0), log);
            }
            return pair;
        } catch (IOException e) {
            behind.destroy();
            throw e;
        }
    }

    /** @param log where its configuration lies as well, with {@code .cfg} behind its name */
    private static Process run(Path log, String configuration) throws IOException {
        Path config = Files.writeString(log.resolveSibling(log.getFileName() + ".cfg"), configuration);
        return Programme.start(
                log, List.of(Programme.find("haproxy", "haproxy").toString(), "-db", "-f", config.toString()));
    }

    int port(String protocol) {
        return ports.getOrDefault(protocol, 0);
    }

    /** Of HAProxy and the server behind it. */
    ProcessCpu cpuWith(ProcessHandle server) {
        return new ProcessCpu(
                Stream.concat(Stream.of(server), processes.stream().map(Process::toHandle))
                        .toArray(ProcessHandle[]::new));
    }

    @Override
    public void close() {
        processes.forEach(Process::destroy);
    }
}
