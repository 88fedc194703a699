package io.serai.route.deploy;

import java.util.List;
import org.apache.camel.builder.RouteBuilder;

/** The platform's own routes: what partners ask at each listener is answered by this node's partner sessions. */
public final class ListenerRoutes extends RouteBuilder {
    /** What a listener's route is called: this and the listener's name. */
    public static final String ID_PREFIX = "serai-listener-";

    private final List<Listener> listeners;

    /**
     * A listener to open.
     *
     * @param name unique among the listeners of the node
     * @param uri its endpoint, such as {@code sftp-server:partners?port=2222}
     */
    public record Listener(String name, String uri) {}

    public ListenerRoutes(List<Listener> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    @Override
    public void configure() {
        for (Listener listener : listeners) {
            // spotless:off
            from(listener.uri())
                .routeId(ID_PREFIX + listener.name())
                .errorHandler(noErrorHandler())
                .noStreamCaching()
                .noMessageHistory()
                .to("partner-session:local");
            // spotless:on
        }
    }
}
