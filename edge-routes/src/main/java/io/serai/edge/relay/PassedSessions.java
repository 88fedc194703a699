package io.serai.edge.relay;

import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.Origin;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of partners whose connections an edge passes through to a listener of this server. The edge reads nothing of
 * them, but where they come from is its word as for those that it relays, so they are marked with its name and share its
 * limits. Safe for several threads.
 */
public final class PassedSessions {
    private static final int REMEMBERED = 10_000;

    private final String edge;
    private final EdgeGuard guard;
    /** Where sessions come from, guarded by itself; the oldest is forgotten when there are too many, as one may end unheard. */
    private final Map<SessionId, InetAddress> clients = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<SessionId, InetAddress> eldest) {
            return size() > REMEMBERED;
        }
    };

    /** @param service of the edge's zone, which holds what the edge has used of its limits */
    public PassedSessions(PartnerService service, String edge) {
        this.edge = edge;
        this.guard = service.guards().of(edge);
    }

    /** Whether the edge may pass one more connection now. */
    public boolean mayConnect() {
        return guard.connects();
    }

    /** The operation as it goes on, with its origin marked as said by the edge. */
    public PartnerOperation<?> marked(PartnerOperation<?> operation) {
        if (operation instanceof OpenSession open) {
            Origin said = open.origin();
            synchronized (clients) {
                clients.put(open.session(), said.client().getAddress());
            }
            return new OpenSession(
                    open.session(),
                    new Origin(
                            said.protocol(),
                            said.listener(),
                            said.client(),
                            said.local(),
                            said.clientSoftware(),
                            Optional.of(edge)));
        }
        return operation;
    }

    /** An operation that is asked; a login counts as failed until it is {@link #answered}. */
    public interface Asked {
        /** The answer, if it is not to be tried. */
        Optional<LoginResult> refusal();

        /** What came of it, null when it failed; only the first time counts. */
        void answered(@Nullable Object reply);
    }

    /**
     * To be asked before an operation is tried.
     *
     * @throws SeraiException {@code BUSY} when too many logins have failed through this edge
     */
    public Asked asks(PartnerOperation<?> operation) {
        LoginTries.Try login = isLogin(operation) ? guard.logins().begin(operation, client(operation)) : null;
        return new Asked() {
            @Override
            public Optional<LoginResult> refusal() {
                return login == null ? Optional.empty() : login.refusal();
            }

            @Override
            public void answered(@Nullable Object reply) {
                if (login != null) {
                    login.answered(reply);
                } else if (operation instanceof CloseSession) {
                    synchronized (clients) {
                        clients.remove(operation.session());
                    }
                }
            }
        };
    }

    private static boolean isLogin(PartnerOperation<?> operation) {
        return operation instanceof LoginByPassword || operation instanceof LoginByPublicKey;
    }

    private Optional<InetAddress> client(PartnerOperation<?> operation) {
        synchronized (clients) {
            return Optional.ofNullable(clients.get(operation.session()));
        }
    }
}
