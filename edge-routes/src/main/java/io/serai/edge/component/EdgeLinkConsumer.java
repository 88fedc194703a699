package io.serai.edge.component;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.edge.relay.PartnerService;
import io.serai.endpoint.PartnerPort;
import io.serai.endpoint.SessionControl;
import java.time.Duration;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes the sessions of a zone while the route runs. Stopping sends the edges' new sessions to other servers and gives running
 * transfers most of Camel's shutdown timeout; the links themselves stay.
 */
public final class EdgeLinkConsumer extends DefaultConsumer implements SessionControl {
    private static final double PATIENCE_SHARE = 0.8;

    private final EdgeLinkEndpoint endpoint;
    private volatile @Nullable PartnerService serving;

    EdgeLinkConsumer(EdgeLinkEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
        this.endpoint = endpoint;
    }

    @Override
    public boolean end(SessionId session, String reason) {
        PartnerService service = serving;
        return service != null && service.end(session, reason);
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        PartnerService service =
                endpoint.getCamelContext().getRegistry().lookupByNameAndType(endpoint.getZone(), PartnerService.class);
        if (service == null) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "edge-link:" + endpoint.getZone() + " is unknown: this server serves no zone of that name");
        }
        service.serve(new PartnerPort(endpoint, getProcessor())::call);
        serving = service;
    }

    @Override
    protected void doStop() throws Exception {
        PartnerService service = serving;
        if (service != null) {
            service.rest(patience());
            serving = null;
        }
        super.doStop();
    }

    private Duration patience() {
        var strategy = endpoint.getCamelContext().getShutdownStrategy();
        return Duration.ofMillis((long) (strategy.getTimeUnit().toMillis(strategy.getTimeout()) * PATIENCE_SHARE));
    }
}
