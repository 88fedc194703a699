package io.serai.route.session;

import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.object.Protocol;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A session as operators see it.
 *
 * @param account empty before the login
 * @param client asserted by the edge, where there is one
 * @param shownClient the same as text, with the edge where there is one
 * @param clientSoftware what the client says it is; outside text
 */
public record SessionView(
        SessionId id,
        Optional<AccountName> account,
        Protocol protocol,
        String listener,
        InetSocketAddress client,
        Optional<String> edge,
        String shownClient,
        Optional<String> clientSoftware,
        Instant opened,
        Instant lastOperation,
        List<Running> transfers) {
    public SessionView {
        transfers = List.copyOf(transfers);
    }

    /**
     * A transfer that the session has open.
     *
     * @param direction {@code in} for an upload, {@code out} for a download
     */
    public record Running(TransferId transfer, String direction, String path, long bytes) {}

    static SessionView of(PartnerSession session) {
        List<Running> running = session.transfers().entrySet().stream()
                .map(open -> new Running(
                        open.getKey(),
                        open.getValue().isUpload() ? "in" : "out",
                        open.getValue().path().toString(),
                        open.getValue().bytesSoFar()))
                .toList();
        return new SessionView(
                session.id(),
                session.account(),
                session.origin().protocol(),
                session.origin().listener(),
                session.origin().client(),
                session.origin().edge(),
                session.origin().shownClient(),
                session.origin().clientSoftware(),
                session.opened(),
                session.lastOperation(),
                running);
    }
}
