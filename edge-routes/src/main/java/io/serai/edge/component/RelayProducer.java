package io.serai.edge.component;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.relay.PartnerDesk;
import io.serai.endpoint.PartnerOperation;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.support.DefaultProducer;
import org.jspecify.annotations.Nullable;

/** Hands each operation to the desk of its zone, which is a server at the other end of a link, and its reply back as the body. */
public class RelayProducer extends DefaultProducer {
    private final RelayEndpoint endpoint;
    private @Nullable PartnerDesk desk;

    public RelayProducer(RelayEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        PartnerDesk bound =
                endpoint.getCamelContext().getRegistry().lookupByNameAndType(endpoint.getZone(), PartnerDesk.class);
        if (bound == null) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "relay:" + endpoint.getZone() + " is unknown: no servers of that name link to this edge");
        }
        desk = bound;
    }

    @Override
    public void process(Exchange exchange) throws InvalidPayloadException {
        PartnerOperation<?> operation = exchange.getIn().getMandatoryBody(PartnerOperation.class);
        PartnerDesk answering = desk;
        if (answering == null) {
            throw new IllegalStateException("relay: was used before it was started");
        }
        exchange.getMessage().setBody(answering.answer(operation));
    }
}
