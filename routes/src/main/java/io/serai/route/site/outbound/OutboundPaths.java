package io.serai.route.site.outbound;

import io.serai.config.object.Site;
import java.util.List;
import org.apache.camel.CamelContext;

/** Says by which ways the connections to a site may leave. Asked for each new connection; from any thread. */
@FunctionalInterface
public interface OutboundPaths {
    OutboundPaths DIRECT = site -> List.of(OutboundPath.DIRECT);

    /** Those that the node has bound in its registry; without any, everything leaves directly. */
    static OutboundPaths of(CamelContext camel) {
        OutboundPaths bound = camel.getRegistry().findSingleByType(OutboundPaths.class);
        return bound == null ? DIRECT : bound;
    }

    /**
     * The ways in the order in which they are tried: the next one only when the proxy of the one before is down. Whether
     * {@link OutboundPath#DIRECT} is the last of them decides what happens when all proxies are down: go direct, or refuse.
     * Never empty. All sockets of one connection leave by the same way.
     */
    List<OutboundPath> of(Site site);
}
