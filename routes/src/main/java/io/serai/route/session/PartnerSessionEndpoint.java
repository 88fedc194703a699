package io.serai.route.session;

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
 * Answer what partners ask through the inbound endpoints: logins, listings, uploads and downloads of their homes.
 *
 * <p>The body must be a PartnerOperation; the reply becomes the body.
 */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "partner-session",
        title = "Partner Session",
        syntax = "partner-session:name",
        producerOnly = true,
        remote = false,
        category = {Category.FILE, Category.CORE})
public class PartnerSessionEndpoint extends DefaultEndpoint {
    @UriPath(description = "Where the sessions are kept: local, for this node.")
    @Metadata(required = true, enums = "local")
    private String name = "local";

    public PartnerSessionEndpoint(String uri, PartnerSessionComponent component) {
        super(uri, component);
    }

    public String getName() {
        return name;
    }

    public void setName(String name) {
        if (!name.equals("local")) {
            throw new SeraiException(
                    ErrorCode.INVALID, "partner-session:" + name + " is unknown; there is partner-session:local");
        }
        this.name = name;
    }

    @Override
    public Producer createProducer() {
        return new PartnerSessionProducer(this);
    }

    @Override
    public Consumer createConsumer(Processor processor) {
        throw new SeraiException(
                ErrorCode.INVALID, "partner-session: answers and cannot begin a route; use it as the last to:");
    }
}
