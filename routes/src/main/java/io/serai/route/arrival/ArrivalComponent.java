package io.serai.route.arrival;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.DefaultComponent;

/** Begins routes with the files that arrive in folders of accounts. */
@Component("arrival")
public class ArrivalComponent extends DefaultComponent {
    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        ArrivalEndpoint endpoint = new ArrivalEndpoint(uri, this);
        int slash = remaining.indexOf('/');
        endpoint.setAccount(slash < 0 ? remaining : remaining.substring(0, slash));
        endpoint.setFolder(slash < 0 ? "" : remaining.substring(slash + 1));
        setProperties(endpoint, parameters);
        endpoint.check();
        return endpoint;
    }
}
