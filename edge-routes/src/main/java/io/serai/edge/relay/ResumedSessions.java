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
        byte[] refused = ReplyCodec.encode(new LoginResult.Refused());
        if (request.isCancelled()) { // it has waited for a worker for so long that the session may be elsewhere
            return refused;
        }
        Resume resume = Resume.decode(request.takePayload());
        SessionTickets tickets = service.tickets()
                .orElseThrow(() ->
                        new SeraiException(ErrorCode.UNSUPPORTED, "Sessions do not go from server to server here"));
        Optional<SessionTicket> ticket = tickets.open(bound(link, resume.session(), resume.client()), resume.ticket());
        if (ticket.isEmpty()) {
            LOG.debug("{} sent a ticket that is not good for session {}", link, resume.session());
            service.guards().of(link).badTicket();
            return refused;
        }
        RelayedSession held = service.held(resume.session());
        boolean stayed = held != null && held.link() == link;
        if (!stayed) {
            service.requireTaking();
        }
        byte[] answer = held == null
                ? begin(service, tickets, link, resume, ticket.get()).orElse(refused)
                : again(service, held, link, resume, ticket.get()).orElse(refused);
        if (request.isCancelled() && !stayed) {
            // Nobody hears that it is here. Its edge may ask once more; else nobody would ever end it. (One that was
            // here before, by
            // this link, its edge knows of.)
            RelayedSession unheard = service.held(resume.session());
            if (unheard != null) {
                service.sessions().endUnlessResumed(unheard, resume.attempt());
            }
        }
        return answer;
    }

    private static Optional<byte[]> begin(
            PartnerService service, SessionTickets tickets, Link link, Resume resume, SessionTicket said)
            throws ProtocolViolation {
        if (tickets.isExpired(said)) {
            LOG.info("Session {} is too old to go on at another server: it ends with its own", resume.session());
            return Optional.empty();
        }
        RelayedSession session = new RelayedSession(
                        resume.session(),
                        RelayedSession.asserted(link, said.origin()),
                        link,
                        service.desk(),
                        service.guards().of(link))
                .resumedBy(resume.attempt());
        return service.begin(session, () -> resumed(service, session, resume, said));
    }

    /**
     * Once more at the same server: over another link, or because the first answer was not heard. However old the session is, since
     * this server has it.
     */
    private static Optional<byte[]> again(
            PartnerService service, RelayedSession held, Link link, Resume resume, SessionTicket said) {
        if (!held.link().peer().node().equals(link.peer().node())) {
            return Optional.empty();
        }
        if (held.isOpening()) {
            throw new SeraiException(ErrorCode.BUSY, "The session is being taken over at this moment");
        }
        boolean stayed = held.link() == link;
        if (held.login().isEmpty() || !held.rebind(link, resume.attempt())) {
            return Optional.empty();
        }
        Optional<byte[]> answer;
        try {
            answer = resumed(service, held, resume, said);
        } catch (RuntimeException e) { // whether it may go on is not known; its edge asks again, at some time
            if (!stayed) {
                service.sessions().endUnlessResumed(held, resume.attempt());
            }
            throw e;
        }
        if (answer.isEmpty()) {
            service.sessions().closeRefused(held, resume.attempt());
        }
        LOG.info("Session {} {} over {}", held.id(), answer.isPresent() ? "goes on" : "does not go on", link);
        return answer;
    }

    /** Whether it may, and has its place in the cluster, the register says each time anew. */
    private static Optional<byte[]> resumed(
            PartnerService service, RelayedSession session, Resume resume, SessionTicket said) {
        LoginResult result = session.desk()
                .answer(new ResumeSession(
                        session.id(), session.origin(), said.account(), said.credentials(), resume.attempt()));
        return result instanceof LoginResult.Accepted accepted
                ? Optional.of(accepted(service.tickets(), session, accepted, Optional.of(said.until())))
                : Optional.empty();
    }

    private static Bound bound(Link link, SessionId session, InetAddress client) {
        return new Bound(link.peer().node(), link.peer().pin(), session, client);
    }

    /** The answer to a login, with the ticket that the next server will see. */
    static byte[] accepted(Optional<SessionTickets> tickets, RelayedSession session, LoginResult.Accepted accepted) {
        return accepted(tickets, session, accepted, Optional.empty());
    }

    /** @param until of the ticket of the login, which is not good for longer by being used */
    private static byte[] accepted(
            Optional<SessionTickets> tickets,
            RelayedSession session,
            LoginResult.Accepted accepted,
            Optional<Instant> until) {
        session.loggedIn(accepted);
        InetAddress client = session.origin().client().getAddress();
        byte[] ticket = tickets.map(sealer -> sealer.seal(
                        bound(session.link(), session.id(), client),
                        new SessionTicket(
                                session.origin(),
                                accepted.account(),
                                accepted.credentials(),
                                until.orElseGet(sealer::until))))
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
