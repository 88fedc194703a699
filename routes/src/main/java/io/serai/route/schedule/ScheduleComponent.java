package io.serai.route.schedule;

import io.serai.config.name.ScheduleName;
import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.DefaultComponent;

/** Runs routes when a Schedule object fires. */
@Component("schedule")
public class ScheduleComponent extends DefaultComponent {
    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        ScheduleEndpoint endpoint = new ScheduleEndpoint(uri, this);
        endpoint.setName(new ScheduleName(remaining).value());
        setProperties(endpoint, parameters);
        return endpoint;
    }
}
