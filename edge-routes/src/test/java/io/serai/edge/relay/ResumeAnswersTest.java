package io.serai.edge.relay;

import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.Reply;
import io.serai.edge.link.TestLink;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.OperationCodec.Resume;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.SessionTicket;
import io.serai.edge.message.Status;
import io.serai.edge.ticket.SessionTickets;
import io.serai.edge.ticket.SessionTickets.Bound;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Sessions that are to go on: what a server answers when things go slowly, and what an edge says when it gives up. */
class ResumeAnswersTest {
    private static final Origin ORIGIN = new Origin(
            Protocol.SFTP,
            "partners",
            new InetSocketAddress("203.0.113.9", 4711),
            new InetSocketAddress("192.0.2.1", 22),
            Optional.of("x"));

    private final SessionTickets tickets =
            new SessionTickets(new byte[SessionTickets.KEY_BYTES], Duration.ofHours(1), InstantSource.system());
    private final MemoryDesk desk = new MemoryDesk();
    private final ExecutorService workers = Executors.newFixedThreadPool(8);
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final PartnerService service =
            new PartnerService(workers, clock, new UploadVerdicts(Duration.ofMinutes(5)), Optional.of(tickets));
    private final TestLink test = new TestLink(QUICK, service, new TestLink.Refusing());

    @AfterEach
    void stop() {
        desk.resumesMay.countDown();
        test.close();
        workers.shutdownNow();
        clock.shutdownNow();
    }

    private Link up() {
        service.serve(desk);
        test.serverEar.whenLost = service::lost;
        return test.up();
    }

    private static Bound bound(SessionId session) {
        return new Bound("edge-1", TestLink.EDGE.pin(), session, ORIGIN.client().getAddress());
    }

    private byte[] ticket(SessionId session, Instant until) {
        return tickets.seal(bound(session), new SessionTicket(ORIGIN, new AccountName("acme"), "", until));
    }

    private byte[] resume(SessionId session) throws Exception {
        byte[] ticket = ticket(session, tickets.until());
        return new Resume(session, ticket, InetAddress.getByName("203.0.113.9")).encode();
    }

    private static boolean isAccepted(Reply reply) throws Exception {
        assertThat(reply.status()).isEqualTo(Status.OK);
        return ReplyCodec.decode(LoginResult.class, reply.payload()) instanceof LoginResult.Accepted;
    }

    private static Reply ask(Link by, PartnerOperation<?> operation) throws Exception {
        return by.call(0, OperationCodec.method(operation), OperationCodec.encode(Call.of(operation, 0)), SOON);
    }

    private void givesUp(Link link, SessionId session) {
        assertThatThrownBy(() -> link.call(0, Method.SESSION_RESUME, resume(session), Duration.ofMillis(500)))
                .isInstanceOf(TimeoutException.class);
    }

    @Test
    void aResumeThatTheEdgeGaveUpOnIsNotHeldForGood() throws Exception {
        Link link = up();
        SessionId wanted = SessionId.random();
        SessionId unwanted = SessionId.random();
        desk.resumesMay = new CountDownLatch(1);
        givesUp(link, wanted);
        givesUp(link, unwanted);
        assertThat(desk.resumesAsked).hasValue(2);
        assertThat(link.call(0, Method.SESSION_RESUME, resume(wanted), SOON).status())
                .as("while the first try runs")
                .isEqualTo(Status.BUSY);
        desk.resumesMay.countDown();
        await().atMost(SOON).until(() -> desk.accounts.size() == 2);
        assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, resume(wanted), SOON)))
                .isTrue();
        await().atMost(Duration.ofSeconds(40)).until(() -> service.sessionCount() == 1);
        assertThat(desk.accounts).containsOnlyKeys(wanted);
        StatFile stat = new StatFile(wanted, VirtualPath.parse("/none"), StatPurpose.LOOK);
        assertThat(ask(link, stat).status()).isEqualTo(Status.NO_SUCH_FILE);
    }

    @Test
    void aHeldSessionGoesOnOnlyWithItsPlace() throws Exception {
        Link link = up();
        SessionId session = SessionId.random();
        assertThat(ask(link, new OpenSession(session, ORIGIN)).status()).isEqualTo(Status.OK);
        assertThat(isAccepted(ask(link, new LoginByPassword(session, "acme", new SecretText("secret")))))
                .isTrue();
        assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, resume(session), SOON)))
                .isTrue();
        assertThat(desk.resumesAsked).as("the register is asked").hasValue(1);
        desk.ended.add(session);
        assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, resume(session), SOON)))
                .isFalse();
        assertThat(service.sessionCount()).isZero();
        assertThat(desk.accounts).isEmpty();
    }

    @Test
    void aTicketIsGoodNoLongerForHavingBeenUsed() throws Exception {
        Link link = up();
        SessionId session = SessionId.random();
        Instant until = Instant.now().plusSeconds(600).truncatedTo(ChronoUnit.MILLIS);
        for (int i = 0; i < 2; i++) { // at another server, and once more at the same
            byte[] message = new Resume(session, ticket(session, until), InetAddress.getByName("203.0.113.9")).encode();
            Reply reply = link.call(0, Method.SESSION_RESUME, message, SOON);
            assertThat(isAccepted(reply)).isTrue();
            assertThat(tickets.open(bound(session), ReplyCodec.ticket(reply.payload()))
                            .orElseThrow()
                            .until())
                    .isEqualTo(until);
        }
    }

    @Test
    void anEdgeThatGivesUpSaysFarewellUntilItIsHeard() throws Exception {
        AtomicInteger resumes = new AtomicInteger();
        AtomicInteger farewells = new AtomicInteger();
        TestLink.Refusing slow = new TestLink.Refusing() {
            @Override
            public void request(Link by, IncomingRequest request) {
                if (request.method() == Method.SESSION_RESUME.number()) {
                    resumes.incrementAndGet(); // and never an answer
                } else if (request.method() == Method.SESSION_CLOSE.number()) {
                    request.reply(farewells.incrementAndGet() < 3 ? Status.BUSY : Status.OK, new byte[0]);
                } else {
                    service.request(by, request);
                }
            }
        };
        service.serve(desk);
        TestLink[] between = new TestLink[1];
        RelayedPartners partners = new RelayedPartners(
                tried -> between[0].acceptor.pick(tried),
                (session, reason) -> {},
                new Patience(SOON, SOON, SOON),
                Optional.of(new SessionMoves(workers, clock, Duration.ofSeconds(2))));
        try (TestLink edge = new TestLink(QUICK, slow, partners)) {
            between[0] = edge;
            edge.edgeEar.whenLost = lost -> partners.lost(lost, "broken");
            edge.edgeEar.whenUp = partners::up;
            Link link = edge.up();
            SessionId session = SessionId.random();
            partners.answer(new OpenSession(session, ORIGIN));
            partners.answer(new LoginByPassword(session, "acme", new SecretText("secret")));
            io.serai.edge.link.Breaking.all(link);
            await().atMost(Duration.ofSeconds(30)).until(() -> resumes.get() >= 1);
            await().atMost(Duration.ofSeconds(30)).until(() -> farewells.get() == 3);
            await().during(Duration.ofSeconds(3)).atMost(SOON).until(() -> farewells.get() == 3);
            assertThat(partners.sessionCount()).isZero();
        }
    }
}
