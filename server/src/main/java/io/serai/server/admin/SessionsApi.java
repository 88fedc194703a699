package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.delete;
import static io.serai.server.admin.ApiOperation.get;

import io.serai.cluster.limit.ClusterSession;
import io.serai.cluster.limit.SessionRegister;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.name.SessionId;
import io.serai.route.session.PartnerSessions;
import io.serai.route.session.SessionView;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sessions of partners over REST: those of the whole cluster that have logged in, and all of this node. */
public final class SessionsApi {
    private static final Logger LOG = LoggerFactory.getLogger(SessionsApi.class);

    private final NodeName self;
    private final PartnerSessions sessions;
    private final SessionRegister register;

    public SessionsApi(NodeName self, PartnerSessions sessions, SessionRegister register) {
        this.self = self;
        this.sessions = sessions;
        this.register = register;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get(
                        "/api/v1/sessions",
                        "The sessions of the cluster, oldest first; with their transfers those of this node",
                        this::list),
                delete(
                        "/api/v1/sessions/{id}",
                        Role.OPERATOR,
                        "End a session on whichever node; its running uploads are kept as parts",
                        this::end));
    }

    private Object list(ApiRequest request) {
        Map<SessionId, SessionView> here = new HashMap<>();
        sessions.list().forEach(session -> here.put(session.id(), session));
        List<Map<String, Object>> rows = new ArrayList<>();
        for (ClusterSession session : ofCluster()) {
            SessionView known = here.remove(session.id());
            if (known != null) {
                rows.add(row(known));
            } else if (!session.node().equals(self)) {
                rows.add(row(session));
            }
        }
        here.values().stream()
                .sorted(Comparator.comparing(SessionView::opened))
                .map(this::row)
                .forEach(rows::add);
        return Map.of("sessions", rows);
    }

    /** This node's sessions are shown also while the database is away. */
    private List<ClusterSession> ofCluster() {
        try {
            return register.list();
        } catch (SeraiException e) {
            LOG.warn("The sessions of other nodes are not known at the moment: {}", e.text());
            return List.of();
        }
    }

    private Map<String, Object> row(SessionView session) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", session.id());
        session.account().ifPresent(account -> row.put("account", account));
        row.put("protocol", session.protocol());
        row.put("listener", session.listener());
        row.put("client", session.shownClient());
        session.clientSoftware().ifPresent(software -> row.put("clientSoftware", software));
        row.put("node", self);
        row.put("opened", session.opened());
        row.put("lastOperation", session.lastOperation());
        row.put("transfers", session.transfers());
        return row;
    }

    private static Map<String, Object> row(ClusterSession session) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", session.id());
        row.put("account", session.account());
        row.put("protocol", session.protocol());
        row.put("listener", session.listener());
        row.put("client", session.peer());
        session.software().ifPresent(software -> row.put("clientSoftware", software));
        row.put("node", session.node());
        row.put("opened", session.since());
        return row;
    }

    private Object end(ApiRequest request) {
        String text = request.pathValue("id");
        String by = request.caller().name();
        boolean ended = id(text).map(id -> sessions.end(id, "ended by " + by) || register.requestEnd(id, by))
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
