package io.serai.edge.component;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.Network;
import io.serai.edge.tcp.TcpArrival;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.OpenSession;
import java.net.InetAddress;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.support.DefaultProducer;

/** Refuses new sessions and connections from where nobody may connect. */
public class AdmitProducer extends DefaultProducer {
    private final AdmitEndpoint endpoint;
    private final List<Network> allowed;
    private final List<Network> denied;

    AdmitProducer(AdmitEndpoint endpoint, List<Network> allowed, List<Network> denied) {
        super(endpoint);
        this.endpoint = endpoint;
        this.allowed = allowed;
        this.denied = denied;
    }

    @Override
    public void process(Exchange exchange) throws InvalidPayloadException {
        Object body = exchange.getIn().getBody();
        InetAddress client;
        if (body instanceof TcpArrival arrival) {
            client = arrival.client().getAddress();
        } else if (exchange.getIn().getMandatoryBody(PartnerOperation.class) instanceof OpenSession open) {
            client = open.origin().client().getAddress();
        } else {
            return;
        }
        if (!admits(client)) {
            throw new SeraiException(
                    ErrorCode.LOGIN_REFUSED, endpoint.getName() + " admits nobody from " + client.getHostAddress());
        }
    }

    private boolean admits(InetAddress client) {
        return denied.stream().noneMatch(network -> network.contains(client))
                && (allowed.isEmpty() || allowed.stream().anyMatch(network -> network.contains(client)));
    }
}
