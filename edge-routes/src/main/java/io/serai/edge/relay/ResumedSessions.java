package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.message.OperationCodec.Elsewhere;
import io.serai.edge.message.OperationCodec.Resume;
import io.serai.edge.message.OperationCodec.UploadQuery;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.ReplyCodec.UploadState;
import io.serai.edge.message.ReplyCodec.Verdict;
import io.serai.edge.message.SessionTicket;
import io.serai.edge.message.Status;
import io.serai.edge.ticket.SessionTickets;
import io.serai.edge.ticket.SessionTickets.Bound;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation.AskUpload;
import io.serai.endpoint.PartnerOperation.ResumeSession;
import io.serai.endpoint.UploadOutcome;
import java.net.InetAddress;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a server does for sessions that were another server's, or its own over a link that is lost. */
final class ResumedSessions {
    private static final Logger LOG = LoggerFactory.getLogger(ResumedSessions.class);

    private ResumedSessions() {}

    /** The answer to SESSION_RESUME: as to a login. Whatever is wrong with a ticket, the edge hears no more than that. */
    static byte[] resume(PartnerService service, Link link, IncomingRequest request) throws ProtocolViolation {
        Resume resume = Resume.decode(request.payload());
        byte[] refused = ReplyCodec.encode(new LoginResult.Refused());
        SessionTickets tickets = service.tickets()
                .orElseThrow(() ->
                        new SeraiException(ErrorCode.UNSUPPORTED, "Sessions do not go from server to server here"));
        Optional<SessionTicket> ticket = tickets.open(bound(link, resume.session(), resume.client()), resume.ticket());
        if (ticket.isEmpty()) {
            LOG.debug("{} sent a ticket that is not good for session {}", link, resume.session());
            service.guards().of(link).badTicket();
            return refused;
        }
        service.requireTaking();
        RelayedSession held = service.held(resume.session());
        if (held != null) {
            // Once more over the same link, when the first answer was not heard.
            boolean goesOn = held.link().peer().node().equals(link.peer().node())
                    && held.login().isPresent()
                    && held.rebind(link);
            LOG.info("Session {} {} over {}", held.id(), goesOn ? "goes on" : "does not go on", link);
            return goesOn ? accepted(service.tickets(), held, held.login().orElseThrow()) : refused;
        }
        SessionTicket said = ticket.get();
        RelayedSession session = new RelayedSession(
                resume.session(),
                RelayedSession.asserted(link, said.origin()),
                link,
                service.desk(),
                service.guards().of(link));
        return service.begin(session, () -> {
                    LoginResult result = session.desk()
                            .answer(new ResumeSession(
                                    session.id(), session.origin(), said.account(), said.credentials()));
                    return result instanceof LoginResult.Accepted accepted
                            ? Optional.of(accepted(service.tickets(), session, accepted))
                            : Optional.empty();
                })
                .orElse(refused);
    }

    private static Bound bound(Link link, SessionId session, InetAddress client) {
        return new Bound(link.peer().node(), link.peer().pin(), session, client);
    }

    /** The answer to a login, with the ticket that the next server will see. */
    static byte[] accepted(Optional<SessionTickets> tickets, RelayedSession session, LoginResult.Accepted accepted) {
        session.loggedIn(accepted);
        InetAddress client = session.origin().client().getAddress();
        byte[] ticket = tickets.map(sealer -> sealer.seal(
                        bound(session.link(), session.id(), client),
                        new SessionTicket(session.origin(), accepted.account(), accepted.credentials(), Instant.EPOCH)))
                .orElse(new byte[0]);
        return ReplyCodec.encode(accepted, ticket);
    }

    /** What became of an upload; what this server did not take may have been taken by another one. */
    static Verdict verdict(UploadVerdicts verdicts, RelayedSession session, UploadQuery query) {
        Verdict known = verdicts.of(query.session(), query.upload());
        return known.state() == UploadState.ABSENT && query.elsewhere().isPresent()
                ? elsewhere(session, query.elsewhere().get())
                : known;
    }

    private static Verdict elsewhere(RelayedSession session, Elsewhere where) {
        UploadOutcome outcome =
                session.desk().answer(new AskUpload(session.id(), where.transfer(), where.path(), where.purpose()));
        return switch (outcome.state()) {
            case OPEN -> new Verdict(UploadState.OPEN, Status.OK, Optional.empty());
            case COMMITTED ->
                new Verdict(
                        outcome.receipt().isPresent() ? UploadState.COMMITTED : UploadState.OPEN,
                        Status.OK,
                        outcome.receipt());
            case FAILED -> new Verdict(UploadState.FAILED, Status.UNAVAILABLE, Optional.empty());
        };
    }
}
