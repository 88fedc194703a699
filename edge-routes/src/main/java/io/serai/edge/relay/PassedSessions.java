package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.Origin;
import java.util.Optional;

/**
 * The sessions of partners whose connections an edge passes through to a listener of this server. The edge reads nothing of
 * them, but where they come from is its word as for those that it relays, so they are marked with its name and share its
 * limits. Safe for several threads.
 */
public final class PassedSessions {
    private final String edge;
    private final EdgeGuard guard;

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

    /**
     * To be asked before a login is tried, which counts as failed until {@link #answered}.
     *
     * @return the answer, if it is not to be tried
     * @throws SeraiException {@code BUSY} when too many logins have failed through this edge
     */
    public Optional<LoginResult> tries(PartnerOperation<?> operation) {
        if (!(operation instanceof LoginByPassword) && !(operation instanceof LoginByPublicKey)) {
            return Optional.empty();
        }
        if (!guard.triesLogin()) {
            throw new SeraiException(ErrorCode.BUSY, "Too many logins have failed through this edge");
        }
        return operation instanceof LoginByPassword login && !guard.triesPassword(login.user())
                ? Optional.of(new LoginResult.Refused())
                : Optional.empty();
    }

    /** What came of it. */
    public void answered(PartnerOperation<?> operation, Object reply) {
        if (reply instanceof LoginResult.Accepted) {
            if (operation instanceof LoginByPassword login) {
                guard.loggedIn();
                guard.rightPassword(login.user());
            } else if (operation instanceof LoginByPublicKey) {
                guard.loggedIn();
            }
        }
    }
}
