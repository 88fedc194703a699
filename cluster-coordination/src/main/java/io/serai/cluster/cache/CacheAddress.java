package io.serai.cluster.cache;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.UnknownHostException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The address that the caches bind when none is set: the way to the database is a way to the other nodes, as a rule. */
final class CacheAddress {
    private static final Logger LOG = LoggerFactory.getLogger(CacheAddress.class);
    private static final String MEND = "set cache.address to an address of this machine that the other nodes reach";
    private static final int ANY_PORT = 9;

    private CacheAddress() {}

    /** The address of this machine from which packets to the database go: the other nodes' machines see it, too. */
    static InetAddress towards(String url) throws UnknownHostException {
        InetAddress database = InetAddress.getByName(host(url));
        if (database.isLoopbackAddress()) {
            LOG.warn(
                    "The database is reached by {}, so this node's caches are bound to 127.0.0.1 and share nothing with"
                            + " nodes on other machines; {}, or to 127.0.0.1 if all nodes run on this machine",
                    database.getHostAddress(),
                    MEND);
            return InetAddress.getByName("127.0.0.1");
        }
        // Connecting a datagram socket only looks up the way; nothing is sent.
        try (DatagramSocket way = new DatagramSocket()) {
            way.connect(new InetSocketAddress(database, ANY_PORT));
            return way.getLocalAddress();
        } catch (SocketException e) {
            throw new SeraiException(ErrorCode.INVALID, "No address of this node is known for the cache; " + MEND, e);
        }
    }

    /** The first host of a JDBC URL, as the driver reads it: names may have an underscore, which URIs know nothing of. */
    static String host(String url) {
        int slashes = url.indexOf("//");
        if (slashes < 0) {
            return "localhost";
        }
        String first = url.substring(slashes + 2).split("[/?,]", 2)[0];
        if (first.startsWith("[")) {
            return first.substring(1, Math.max(1, first.indexOf(']')));
        }
        int colon = first.lastIndexOf(':');
        String host = colon < 0 ? first : first.substring(0, colon);
        return host.isEmpty() ? "localhost" : host;
    }
}
