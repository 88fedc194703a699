package io.serai.endpoint.proxy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.Network;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The load balancers in front of a listener. When there are any, the listener takes connections from them alone, and each
 * must begin with a PROXY header of version 2, which tells the client's address; without it, or with a bad one, the
 * connection is closed. A listener without balancers knows no PROXY header: nobody can pretend to be somebody else.
 */
public record TrustedBalancers(List<Network> networks, Optional<String> inside) {
    /**
     * Stands in options for this very process, which passes on connections that came by edges; behind it follows for which of
     * its sockets the listener is.
     */
    public static final String THIS_PROCESS = "this-process:";

    /** A connection that does not bring its whole header in this time is closed. */
    public static final Duration HEADER_LIMIT = Duration.ofSeconds(5);

    public TrustedBalancers {
        networks = List.copyOf(networks);
    }

    /** Balancers in these networks. */
    public TrustedBalancers(List<Network> networks) {
        this(networks, Optional.empty());
    }

    /** @param text networks or addresses, separated by commas, or {@link #THIS_PROCESS} and a name; blank for none */
    public static TrustedBalancers parse(String text) {
        if (text.startsWith(THIS_PROCESS)) {
            return new TrustedBalancers(List.of(), Optional.of(text.substring(THIS_PROCESS.length())));
        }
        try {
            return new TrustedBalancers(Arrays.stream(text.split(",", -1))
                    .map(String::strip)
                    .filter(item -> !item.isEmpty())
                    .map(Network::parse)
                    .toList());
        } catch (IllegalArgumentException e) {
            throw new SeraiException(ErrorCode.INVALID, "proxyProtocolFrom=" + text + ": " + e.getMessage(), e);
        }
    }

    /** Whether connections have to come by a balancer. */
    public boolean areUsed() {
        return !networks.isEmpty() || inside.isPresent();
    }

    /** Of this process, those of its {@link OwnSockets} that are meant: another process of the host is a stranger. */
    public boolean include(SocketAddress peer) {
        return inside.filter(name -> OwnSockets.lead(peer, name)).isPresent()
                || peer instanceof InetSocketAddress address && include(address.getAddress());
    }

    public boolean include(InetAddress peer) {
        return networks.stream().anyMatch(network -> network.contains(peer));
    }
}
