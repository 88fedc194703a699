package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.post;

import io.serai.cluster.node.Nodes;
import io.serai.cluster.node.WantedState;
import io.serai.config.name.NodeName;
import java.util.List;
import java.util.Map;

/** The node itself over REST. */
public final class NodeApi {
    private final Control control;

    /** What an operator can ask of the node. */
    public interface Control {
        /** How the node stands: what {@code serai status} shows. */
        Map<String, Object> status();

        /** The nodes of the cluster. */
        Nodes nodes();

        /** The name of the node that answers. */
        NodeName self();
    }

    public NodeApi(Control control) {
        this.control = control;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get("/api/v1/status", "How the node stands", request -> control.status()),
                post("/api/v1/drain", Role.OPERATOR, "Take no new work; running work finishes", request -> {
                    control.nodes()
                            .want(
                                    control.self(),
                                    WantedState.DRAINING,
                                    request.caller().name());
                    return Map.of("node", control.self().value(), "draining", true);
                }),
                post("/api/v1/undrain", Role.OPERATOR, "Take new work again", request -> {
                    control.nodes()
                            .want(
                                    control.self(),
                                    WantedState.ACTIVE,
                                    request.caller().name());
                    return Map.of("node", control.self().value(), "draining", false);
                }));
    }
}
