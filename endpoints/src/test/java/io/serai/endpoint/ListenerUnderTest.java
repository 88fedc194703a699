package io.serai.endpoint;

import java.util.Map;
import java.util.stream.Collectors;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;

/** A listener in a Camel context of its own whose operations are answered by {@link InMemoryPartners}. */
public final class ListenerUnderTest implements AutoCloseable {
    private final DefaultCamelContext camel = new DefaultCamelContext();

    public ListenerUnderTest(String scheme, Map<String, ?> options, InMemoryPartners partners) throws Exception {
        String query = options.entrySet().stream()
                .map(option -> option.getKey() + "=" + option.getValue())
                .collect(Collectors.joining("&"));
        camel.getShutdownStrategy().setTimeout(20);
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                // A refusal is an answer here, not a failure of the route.
                errorHandler(noErrorHandler());
                from(scheme + ":partners?" + query).routeId("partners").process(partners);
            }
        });
        camel.start();
    }

    public int port() {
        return new ActiveListeners(camel).bound().get(0).address().getPort();
    }

    public ActiveListeners listeners() {
        return new ActiveListeners(camel);
    }

    @Override
    public void close() {
        camel.stop();
    }
}
