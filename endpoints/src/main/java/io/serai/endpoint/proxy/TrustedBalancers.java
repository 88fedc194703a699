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

/**
 * The load balancers in front of a listener. When there are any, the listener takes connections from them alone, and each
 * must begin with a PROXY header of version 2, which tells the client's address; without it, or with a bad one, the
 * connection is closed. A listener without balancers knows no PROXY header: nobody can pretend to be somebody else.
 */
public record TrustedBalancers(List<Network> networks) {
    /** A connection that does not bring its whole header in this time is closed. */
    public static final Duration HEADER_LIMIT = Duration.ofSeconds(5);

    public TrustedBalancers {
        networks = List.copyOf(networks);
    }

    /** @param text networks or addresses, separated by commas; blank for none */
    public static TrustedBalancers parse(String text) {
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
        return !networks.isEmpty();
    }

    public boolean include(SocketAddress peer) {
        return peer instanceof InetSocketAddress address && include(address.getAddress());
    }

    public boolean include(InetAddress peer) {
        return networks.stream().anyMatch(network -> network.contains(peer));
    }
}
