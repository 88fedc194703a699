package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.delete;
import static io.serai.server.admin.ApiOperation.get;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.route.session.PartnerSessions;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The sessions of partners over REST. */
public final class SessionsApi {
    private final PartnerSessions sessions;

    public SessionsApi(PartnerSessions sessions) {
        this.sessions = sessions;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get("/api/v1/sessions", "The sessions of this node, oldest first", this::list),
                delete(
                        "/api/v1/sessions/{id}",
                        Role.OPERATOR,
                        "End a session; its running uploads are kept as parts",
                        this::end));
    }

    private Object list(ApiRequest request) {
        return Map.of("sessions", sessions.list());
    }

    private Object end(ApiRequest request) {
        String text = request.pathValue("id");
        boolean ended = id(text).map(
                        id -> sessions.end(id, "ended by " + request.caller().name()))
                .orElse(false);
        if (!ended) {
            throw new SeraiException(ErrorCode.NO_SUCH_OBJECT, "There is no session \"" + text + "\"");
        }
        return Map.of("id", text);
    }

    private static Optional<SessionId> id(String text) {
        try {
            return Optional.of(SessionId.parse(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
