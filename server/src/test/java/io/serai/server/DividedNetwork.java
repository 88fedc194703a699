package io.serai.server;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Three networks, made of network namespaces: the partners', the DMZ with a load balancer and two edges, and the inside,
 * where this process is. A firewall before the inside counts and drops whatever the DMZ begins. This process must be in a
 * network namespace of its own ({@link EdgeNetworkIT} makes it).
 *
 * <pre>
 *   partners 203.0.113.77 ── 203.0.113.10 balancer 192.0.2.5 ─┬─ 192.0.2.11 edge1 10.20.0.11 ─┬─ firewall ─ 10.20.0.1 inside
 *                                                             └─ 192.0.2.12 edge2 10.20.0.12 ─┘
 * </pre>
 */
final class DividedNetwork implements AutoCloseable {
    static final String BALANCER = "203.0.113.10";
    static final String PARTNERS = "203.0.113.77";
    static final String INSIDE = "10.20.0.1";
    private static final Duration SOON = Duration.ofSeconds(20);

    private final List<Namespace> all = new ArrayList<>();
    private final Namespace partners;
    private final Namespace balancer;
    private final List<Namespace> edges;

    /** A network stack of its own, for as long as this process lives. */
    static final class Namespace {
        private final Process holder;

        private Namespace() throws IOException {
            // It ends with its standard input, so with this process.
            holder = new ProcessBuilder("unshare", "--net", "cat").start();
            Path own = Files.readSymbolicLink(Path.of("/proc/self/ns/net"));
            await("a network namespace")
                    .atMost(SOON)
                    .ignoreExceptions()
                    .until(() -> !Files.readSymbolicLink(file()).equals(own));
            in("ip", "link", "set", "lo", "up");
        }

        private Path file() {
            return Path.of("/proc", Long.toString(holder.pid()), "ns", "net");
        }

        private String pid() {
            return Long.toString(holder.pid());
        }

        /** What makes a command run in it; it becomes that command. */
        List<String> launcher() {
            return List.of("nsenter", "--net=" + file());
        }

        Tool.Result run(String... command) {
            List<String> words = new ArrayList<>(launcher());
            words.addAll(List.of(command));
            return Tool.run(words.toArray(String[]::new));
        }

        private void in(String... command) {
            run(command).expectSuccess();
        }

        private void address(String device, String address) {
            in("ip", "address", "add", address + "/24", "dev", device);
            in("ip", "link", "set", device, "up");
        }
    }

    /** What the DMZ sent to the inside: connections that it tried to begin, others, and what came in answer. */
    record Crossings(long connections, long others, long answers) {}

    DividedNetwork() throws IOException {
        partners = namespace();
        balancer = namespace();
        edges = List.of(namespace(), namespace());
        Tool.run("ip", "link", "set", "lo", "up").expectSuccess();
        Tool.run("ip", "link", "add", "inner", "type", "bridge").expectSuccess();
        balancer.in("ip", "link", "add", "dmz", "type", "bridge");
        for (int i = 0; i < edges.size(); i++) {
            Namespace edge = edges.get(i);
            Tool.run("ip", "link", "add", "port" + i, "type", "veth", "peer", "name", "inner", "netns", edge.pid())
                    .expectSuccess();
            Tool.run("ip", "link", "set", "port" + i, "master", "inner", "up").expectSuccess();
            balancer.in("ip", "link", "add", "port" + i, "type", "veth", "peer", "name", "outer", "netns", edge.pid());
            balancer.in("ip", "link", "set", "port" + i, "master", "dmz", "up");
            edge.address("inner", "10.20.0." + (11 + i));
            edge.address("outer", "192.0.2." + (11 + i));
        }
        balancer.in("ip", "link", "add", "outer", "type", "veth", "peer", "name", "outer", "netns", partners.pid());
        balancer.address("outer", BALANCER);
        balancer.address("dmz", "192.0.2.5");
        partners.address("outer", PARTNERS);
        Tool.run("ip", "address", "add", INSIDE + "/24", "dev", "inner").expectSuccess();
        Tool.run("ip", "link", "set", "inner", "up").expectSuccess();
        firewall();
    }

    private Namespace namespace() throws IOException {
        Namespace made = new Namespace();
        all.add(made);
        return made;
    }

    /** Before routing, so that it sees what goes to any address. */
    private static void firewall() {
        Tool.start(Map.of(), """
                        table inet wall {
                          counter connections { }
                          counter others { }
                          counter answers { }
                          chain arriving {
                            type filter hook prerouting priority 0; policy accept;
                            iifname "inner" tcp flags & (syn | ack) == syn counter name connections drop
                            iifname "inner" meta l4proto != tcp ct state new counter name others drop
                            iifname "inner" meta l4proto tcp counter name answers
                          }
                        }
                        """, program("nft"), "-f", "-").await(Tool.LIMIT).expectSuccess();
    }

    /** Daemons' and firewalls' commands are not in everybody's PATH. */
    static String program(String name) {
        Path system = Path.of("/usr/sbin", name);
        return Files.exists(system) ? system.toString() : name;
    }

    Crossings crossings() {
        String counters =
                Tool.run(program("nft"), "list", "counters").expectSuccess().output();
        return new Crossings(
                packets(counters, "connections"), packets(counters, "others"), packets(counters, "answers"));
    }

    private static long packets(String counters, String name) {
        Matcher found =
                Pattern.compile("counter " + name + " \\{\\s+packets (\\d+)").matcher(counters);
        if (!found.find()) {
            throw new AssertionError("no counter " + name + " in:\n" + counters);
        }
        return Long.parseLong(found.group(1));
    }

    Namespace partners() {
        return partners;
    }

    Namespace balancer() {
        return balancer;
    }

    /** The machine of an edge, by its index. */
    Namespace edge(int index) {
        return edges.get(index);
    }

    @Override
    public void close() {
        all.forEach(namespace -> namespace.holder.destroy());
    }
}
