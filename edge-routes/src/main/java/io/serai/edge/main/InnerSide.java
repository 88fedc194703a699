package io.serai.edge.main;

import io.serai.edge.link.Link;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a connection that leaves by an edge must not lead to by accident: the edge itself, the network in which its link
 * listens, and the servers. Whoever wants one of these says so by a rule of its own.
 */
final class InnerSide implements Supplier<List<String>> {
    private static final Logger LOG = LoggerFactory.getLogger(InnerSide.class);

    private final InetAddress link;
    private final Supplier<List<Link>> servers;

    InnerSide(InetAddress link, Supplier<List<Link>> servers) {
        this.link = link;
        this.servers = servers;
    }

    /** As ranges that {@code Destinations} reads. */
    @Override
    public List<String> get() {
        List<String> ranges = new ArrayList<>();
        try {
            for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
                for (InterfaceAddress address : each.getInterfaceAddresses()) {
                    add(ranges, address);
                }
            }
        } catch (SocketException e) {
            LOG.warn("The addresses of this machine are not known: {}", e.toString());
        }
        for (Link server : servers.get()) {
            if (server.peer().address() instanceof InetSocketAddress address
                    && !address.getAddress().isLoopbackAddress()) {
                ranges.add(text(address.getAddress()));
            }
        }
        return ranges;
    }

    private void add(List<String> ranges, InterfaceAddress address) {
        // Loopback is refused anyhow, and whoever allows it means this machine.
        if (!address.getAddress().isLoopbackAddress()) {
            ranges.add(text(address.getAddress()));
            if (address.getAddress().equals(link)) {
                ranges.add(text(address.getAddress()) + "/" + address.getNetworkPrefixLength());
            }
        }
    }

    /** Without the interface that an IPv6 address may name. */
    private static String text(InetAddress address) {
        String text = address.getHostAddress();
        int scope = text.indexOf('%');
        return scope < 0 ? text : text.substring(0, scope);
    }
}
