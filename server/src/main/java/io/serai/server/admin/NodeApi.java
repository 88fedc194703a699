package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.post;

import java.util.List;
import java.util.Map;

/** The node itself over REST. */
public final class NodeApi {
    private final Control control;

    /** What an operator can ask of the node. */
    public interface Control {
        /** How the node stands: what {@code serai status} shows. */
        Map<String, Object> status();

        /** Takes no new sessions or events; what runs goes on. */
        void drain(String by);

        /** Takes new work again. */
        void undrain(String by);
    }

    public NodeApi(Control control) {
        this.control = control;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get("/api/v1/status", "How the node stands", request -> control.status()),
                post("/api/v1/drain", Role.OPERATOR, "Take no new work; running work finishes", request -> {
                    control.drain(request.caller().name());
                    return Map.of("draining", true);
                }),
                post("/api/v1/undrain", Role.OPERATOR, "Take new work again", request -> {
                    control.undrain(request.caller().name());
                    return Map.of("draining", false);
                }));
    }
}
