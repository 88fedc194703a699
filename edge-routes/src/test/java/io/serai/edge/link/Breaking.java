package io.serai.edge.link;

import io.serai.edge.message.LinkMessages.ConnectionClass;
import java.lang.reflect.Field;
import java.util.List;

/** Breaks connections of a link in the middle of whatever they do. */
public final class Breaking {
    private Breaking() {}

    static List<LinkConnection> connections(Link link) {
        try {
            Field field = Link.class.getDeclaredField("connections");
            field.setAccessible(true);
            @SuppressWarnings("unchecked")
            List<LinkConnection> connections = (List<LinkConnection>) field.get(link);
            return connections;
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    public static void first(Link link) {
        kill(connections(link).get(0));
    }

    public static void all(Link link) {
        List.copyOf(connections(link)).forEach(Breaking::kill);
    }

    public static void connectionWithRequests(Link link) {
        connections(link).stream().filter(c -> c.requestLoad() > 0).toList().forEach(Breaking::kill);
    }

    /** Requests cannot be sent any more, but the link lives. */
    public static void control(Link link) {
        connections(link).stream()
                .filter(c -> c.peerHello().connectionClass() == ConnectionClass.CONTROL)
                .toList()
                .forEach(Breaking::kill);
    }

    public static void connectionsWithStreams(Link link) {
        connections(link).stream().filter(c -> c.streamLoad() > 0).toList().forEach(Breaking::kill);
    }

    public static void sendEvent(Link link) {
        connections(link).get(0).event(1, new byte[0]);
    }

    private static void kill(LinkConnection connection) {
        connection.onLoop(() -> connection.kill("broken by the test"), () -> {});
    }
}
