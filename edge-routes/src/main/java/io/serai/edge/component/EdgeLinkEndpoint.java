package io.serai.edge.component;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/**
 * Take the sessions of partners that are connected to the edges of a zone; each of their operations is an InOut exchange whose
 * body is a {@link io.serai.endpoint.PartnerOperation}.
 */
@UriEndpoint(
        firstVersion = "0.2.0",
        scheme = "edge-link",
        title = "Edge Link",
        syntax = "edge-link:zone",
        category = {Category.FILE, Category.NETWORKING},
        consumerOnly = true)
public class EdgeLinkEndpoint extends DefaultEndpoint {
    @UriPath(description = "The zone whose edges hold the partners' connections")
    @Metadata(required = true)
    private final String zone;

    public EdgeLinkEndpoint(String uri, EdgeLinkComponent component, String zone) {
        super(uri, component);
        this.zone = zone;
    }

    public String getZone() {
        return zone;
    }

    @Override
    public Producer createProducer() {
        throw new SeraiException(
                ErrorCode.INVALID,
                "edge-link: only takes sessions; use it as the from: of a route to partner-session:");
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        EdgeLinkConsumer consumer = new EdgeLinkConsumer(this, processor);
        configureConsumer(consumer);
        return consumer;
    }
}
