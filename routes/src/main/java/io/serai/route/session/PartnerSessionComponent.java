package io.serai.route.session;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.DefaultComponent;

/** Answers the operations of partners that inbound endpoints send, from this node's storage and ledger. */
@Component("partner-session")
public class PartnerSessionComponent extends DefaultComponent {
    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        PartnerSessionEndpoint endpoint = new PartnerSessionEndpoint(uri, this);
        endpoint.setName(remaining);
        setProperties(endpoint, parameters);
        return endpoint;
    }
}
