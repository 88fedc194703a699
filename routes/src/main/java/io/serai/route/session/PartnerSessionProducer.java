package io.serai.route.session;

import io.serai.endpoint.PartnerOperation;
import io.serai.route.NodeParts;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.support.DefaultProducer;
import org.jspecify.annotations.Nullable;

/** Hands each operation to {@link PartnerSessions} and its reply back as the body. */
public class PartnerSessionProducer extends DefaultProducer {
    private @Nullable PartnerSessions sessions;

    public PartnerSessionProducer(PartnerSessionEndpoint endpoint) {
        super(endpoint);
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        sessions = NodeParts.require(getEndpoint().getCamelContext(), PartnerSessions.class);
    }

    @Override
    public void process(Exchange exchange) throws InvalidPayloadException {
        PartnerOperation<?> operation = exchange.getIn().getMandatoryBody(PartnerOperation.class);
        PartnerSessions answering = sessions;
        if (answering == null) {
            throw new IllegalStateException("partner-session: was used before it was started");
        }
        exchange.getMessage().setBody(answering.answer(operation));
    }
}
