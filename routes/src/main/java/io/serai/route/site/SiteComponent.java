package io.serai.route.site;

import io.serai.cluster.ledger.Deliveries;
import io.serai.cluster.limit.ClusterLimits;
import io.serai.config.name.SiteName;
import io.serai.route.NodeParts;
import io.serai.route.site.connection.ClusterSiteLimits;
import io.serai.route.site.connection.LineWatch;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.outbound.OutboundPaths;
import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.DefaultComponent;
import org.jspecify.annotations.Nullable;

/**
 * Delivers to and pulls from sites. Its connections are shared by all its routes; they open when the first route that
 * uses a site starts, so that routes can be checked in a context without a node. Its lock guards their making.
 */
@Component("site")
public class SiteComponent extends DefaultComponent {
    private @Nullable LineWatch watch;
    private @Nullable SiteConnections connections;

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        SiteEndpoint endpoint = new SiteEndpoint(uri, this);
        endpoint.setName(new SiteName(remaining).value());
        setProperties(endpoint, parameters);
        endpoint.checkOptions();
        return endpoint;
    }

    /** The connections to sites of this node. */
    synchronized SiteConnections connections() {
        SiteConnections present = connections;
        if (present == null) {
            watch = new LineWatch();
            present = new SiteConnections(
                    getCamelContext(),
                    watch,
                    new ClusterSiteLimits(NodeParts.require(getCamelContext(), ClusterLimits.class)),
                    OutboundPaths.of(getCamelContext()));
            connections = present;
        }
        return present;
    }

    Deliveries deliveries() {
        return NodeParts.require(getCamelContext(), Deliveries.class);
    }

    @Override
    protected synchronized void doStop() throws Exception {
        if (connections != null) {
            connections.close();
            connections = null;
        }
        if (watch != null) {
            watch.close();
            watch = null;
        }
        super.doStop();
    }
}
