package io.serai.route.monitor;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.DefaultComponent;

/** Monitors folders of the shared file system. */
@Component("folder")
public class FolderComponent extends DefaultComponent {
    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        FolderEndpoint endpoint = new FolderEndpoint(uri, this);
        endpoint.setDirectory(remaining);
        setProperties(endpoint, parameters);
        return endpoint;
    }
}
