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
 * Ask a server what partners ask at this edge: logins, listings, uploads and downloads, over the links that servers have
 * opened.
 *
 * <p>The body must be a PartnerOperation; the server's reply becomes the body, and its refusal the exchange's exception.
 */
@UriEndpoint(
        firstVersion = "0.2.0",
        scheme = "relay",
        title = "Relay",
        syntax = "relay:zone",
        producerOnly = true,
        category = {Category.FILE, Category.NETWORKING})
public class RelayEndpoint extends DefaultEndpoint {
    @UriPath(description = "The name by which this edge knows its servers")
    @Metadata(required = true)
    private final String zone;

    public RelayEndpoint(String uri, RelayComponent component, String zone) {
        super(uri, component);
        this.zone = zone;
    }

    public String getZone() {
        return zone;
    }

    @Override
    public Producer createProducer() {
        return new RelayProducer(this);
    }

    @Override
    public Consumer createConsumer(Processor processor) {
        throw new SeraiException(
                ErrorCode.INVALID,
                "relay: asks servers and cannot begin a route; use it as the last to: of a listener's route");
    }
}
