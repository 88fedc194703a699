package io.serai.edge.relay;

import static io.serai.edge.link.TestLink.PATIENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.secret.SecretText;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.Reply;
import io.serai.edge.link.TestLink;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.OperationCodec.Farewell;
import io.serai.edge.message.OperationCodec.Resume;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.SessionTicket;
import io.serai.edge.message.Status;
import io.serai.edge.ticket.SessionTickets;
import io.serai.edge.ticket.SessionTickets.Bound;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Sessions that are to go on: what a server answers when things go slowly, and what an edge says when it gives up. Most of it waits
 * for time to pass, so tests go on side by side.
 */
@Execution(ExecutionMode.CONCURRENT)
class ResumeAnswersTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int RUNNING = 3;

    private final SessionTickets tickets =
            new SessionTickets(new byte[SessionTickets.KEY_BYTES], Duration.ofHours(1), InstantSource.system());
    private final MemoryDesk desk = new MemoryDesk();
    private final AtomicLong attempts = new AtomicLong();
    private final AtomicInteger badTickets = new AtomicInteger();
    private final EdgeAlarms alarms = new EdgeAlarms() {
        @Override
        public void violated(String edge) {}

        @Override
        public void refused(String edge, String limit) {
            badTickets.addAndGet(limit.equals("ticket") ? 1 : 0);
        }
    };
    private final ExecutorService workers = Executors.newFixedThreadPool(8);
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final PartnerService service = new PartnerService(
            workers,
            clock,
            new UploadVerdicts(Duration.ofMinutes(5)),
            Optional.of(tickets),
            new EdgeLimits(100, 100, 20, 100, 100, Duration.ofMinutes(10), RUNNING, 100),
            alarms);
    private final TestLink test = new TestLink(PATIENT, service, new TestLink.Refusing());

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
        return new Bound(
                "edge-1",
                TestLink.EDGE.pin(),
                session,
                SomePartner.ORIGIN.client().getAddress());
    }

    private byte[] ticket(SessionId session, Instant until) {
        return tickets.seal(bound(session), new SessionTicket(SomePartner.ORIGIN, new AccountName("acme"), "", until));
    }

    private byte[] resume(SessionId session) throws Exception {
        return resume(session, tickets.until());
    }

    private byte[] resume(SessionId session, Instant until) throws Exception {
        return new Resume(
                        session,
                        ticket(session, until),
                        InetAddress.getByName("203.0.113.9"),
                        attempts.incrementAndGet())
                .encode();
    }

    private SessionId loggedIn(Link link) throws Exception {
        SessionId session = SessionId.random();
        assertThat(ask(link, SomePartner.opens(session)).status()).isEqualTo(Status.OK);
        assertThat(isAccepted(ask(link, new LoginByPassword(session, "acme", new SecretText("secret")))))
                .isTrue();
        return session;
    }

    private static boolean works(Link link, SessionId session) throws Exception {
        StatFile stat = new StatFile(session, VirtualPath.parse("/none"), StatPurpose.LOOK);
        return ask(link, stat).status() == Status.NO_SUCH_FILE;
    }

    private static boolean isAccepted(Reply reply) throws Exception {
        assertThat(reply.status()).isEqualTo(Status.OK);
        return ReplyCodec.decode(LoginResult.class, reply.payload()) instanceof LoginResult.Accepted;
    }

    private static Reply ask(Link by, PartnerOperation<?> operation) throws Exception {
        return by.call(0, OperationCodec.method(operation), OperationCodec.encode(Call.of(operation, 0)), SOON);
    }

    private void givesUp(Link link, SessionId session) {
        assertThatThrownBy(() -> link.call(0, Method.SESSION_RESUME, resume(session), Duration.ofSeconds(2)))
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
        assertThat(works(link, wanted)).isTrue();
    }

    @Test
    void aResumeThatWaitedUntilTheEdgeGaveUpIsNotCarriedOut() throws Exception {
        Link link = up();
        desk.resumesMay = new CountDownLatch(1);
        for (int i = 0; i < RUNNING; i++) {
            givesUp(link, SessionId.random());
        }
        givesUp(link, SessionId.random());
        assertThat(desk.resumesAsked).as("the last one waits for a worker").hasValue(RUNNING);
        // Answered behind what gives it up, on the same connection.
        ask(link, new CloseSession(SessionId.random(), "nothing"));
        desk.resumesMay.countDown();
        assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, resume(SessionId.random()), SOON)))
                .isTrue();
        assertThat(desk.resumesAsked).hasValue(RUNNING + 1);
    }

    @Test
    void anEndThatWaitsEndsNoSessionThatHasComeBack() throws Exception {
        Link link = up();
        SessionId session = loggedIn(link);
        desk.closesMay = new CountDownLatch(1);
        List<CompletableFuture<Reply>> before = new ArrayList<>();
        for (int i = 0; i < EdgeGuard.CLOSINGS; i++) {
            before.add(close(link, loggedIn(link)));
        }
        await().atMost(SOON).until(() -> desk.closesAsked.get() == EdgeGuard.CLOSINGS);
        CompletableFuture<Reply> waits = close(link, session);
        RelayedSession held = Objects.requireNonNull(service.held(session));
        await().atMost(SOON).until(held::isEndWished);
        assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, resume(session), SOON)))
                .isTrue();
        assertThat(waits.join().status()).as("it is of before").isEqualTo(Status.OK);
        desk.closesMay.countDown();
        for (CompletableFuture<Reply> each : before) {
            assertThat(each.join().status()).isEqualTo(Status.OK);
        }
        CompletableFuture<Reply> behind = close(link, loggedIn(link));
        assertThat(behind.join().status()).isEqualTo(Status.OK);
        assertThat(works(link, session)).isTrue();
        assertThat(close(link, session).join().status()).isEqualTo(Status.OK);
        assertThat(service.sessionCount()).isZero();
    }

    @Test
    void anEndOfBeforeThatComesLateEndsNothing() throws Exception {
        Link link = up();
        SessionId session = loggedIn(link);
        for (int tries = 1; tries <= 2; tries++) {
            assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, resume(session), SOON)))
                    .isTrue();
        }
        assertThat(close(link, session, 1).join().status()).isEqualTo(Status.OK);
        assertThat(Objects.requireNonNull(service.held(session)).isEndWished()).isFalse();
        assertThat(works(link, session)).isTrue();
        assertThat(close(link, session, 2).join().status()).isEqualTo(Status.OK);
        assertThat(service.sessionCount()).isZero();
    }

    private static CompletableFuture<Reply> close(Link link, SessionId session) {
        return close(link, session, 0);
    }

    private static CompletableFuture<Reply> close(Link link, SessionId session, long attempt) {
        return link.request(0, Method.SESSION_CLOSE, new Farewell(session, "bye", attempt).encode(), SOON);
    }

    @Test
    void aHeldSessionStaysWhenTheDatabaseIsAwayForAMoment() throws Exception {
        Link link = up();
        SessionId session = loggedIn(link);
        desk.resumesFail.set(1);
        assertThat(link.call(0, Method.SESSION_RESUME, resume(session), SOON).status())
                .isEqualTo(Status.UNAVAILABLE);
        assertThat(works(link, session)).isTrue();
        assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, resume(session), SOON)))
                .isTrue();
        desk.resumesFail.set(1);
        SessionId late = loggedIn(link);
        assertThat(link.call(0, Method.SESSION_RESUME, resume(late), SOON).status())
                .isEqualTo(Status.UNAVAILABLE);
        // Its edge may have many to ask for; by this link it knows of it.
        await().during(Duration.ofSeconds(18)).atMost(Duration.ofSeconds(30)).until(() -> works(link, late));
        assertThat(works(link, session)).isTrue();
    }

    @Test
    void aSessionWhoseEdgeDoesNotAskAgainOverItsNewLinkEnds() throws Exception {
        SessionId session = loggedIn(up());
        try (TestLink other = new TestLink(PATIENT, service, new TestLink.Refusing())) {
            desk.resumesFail.set(1);
            assertThat(other.up()
                            .call(0, Method.SESSION_RESUME, resume(session), SOON)
                            .status())
                    .isEqualTo(Status.UNAVAILABLE);
            assertThat(service.sessionCount()).isEqualTo(1);
            await().atMost(SOON).until(() -> service.sessionCount() == 0);
            assertThat(desk.accounts).isEmpty();
        }
    }

    @Test
    void aSessionThatWentOnByALaterTryIsNotEndedByTheFormerOne() throws Exception {
        Link link = up();
        SessionId session = loggedIn(link);
        desk.resumesMay = new CountDownLatch(1);
        givesUp(link, session);
        byte[] again = resume(session);
        CompletableFuture<Reply> second = link.request(0, Method.SESSION_RESUME, again, SOON);
        await().atMost(SOON).until(() -> desk.resumesAsked.get() == 2);
        desk.resumesMay.countDown();
        assertThat(isAccepted(second.get())).isTrue();
        await().during(Duration.ofSeconds(18)).atMost(Duration.ofSeconds(30)).until(() -> works(link, session));
    }

    @Test
    void aFormerTryThatIsRefusedDoesNotEndWhatWentOnByALaterOne() throws Exception {
        Link link = up();
        SessionId session = loggedIn(link);
        byte[] former = resume(session);
        assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, resume(session), SOON)))
                .isTrue();
        desk.ended.add(session);
        assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, former, SOON)))
                .isFalse();
        assertThat(desk.resumesAsked).hasValue(1);
        assertThat(works(link, session)).isTrue();
    }

    @Test
    void anOldSessionGoesOnWhereItIsAndNowhereElseAndNobodyIsAlarmed() throws Exception {
        Link link = up();
        SessionId session = loggedIn(link);
        Instant over = Instant.now().minusSeconds(1);
        assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, resume(session, over), SOON)))
                .as("at the server that has it")
                .isTrue();
        assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, resume(SessionId.random(), over), SOON)))
                .as("at another one")
                .isFalse();
        assertThat(desk.resumesAsked).hasValue(1);
        assertThat(badTickets).hasValue(0);
        byte[] forged = new Resume(session, new byte[60], InetAddress.getByName("203.0.113.9"), 9).encode();
        assertThat(isAccepted(link.call(0, Method.SESSION_RESUME, forged, SOON)))
                .isFalse();
        assertThat(badTickets).hasValue(1);
    }

    @Test
    void aHeldSessionGoesOnOnlyWithItsPlace() throws Exception {
        Link link = up();
        SessionId session = loggedIn(link);
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
            Reply reply = link.call(0, Method.SESSION_RESUME, resume(session, until), SOON);
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
        try (TestLink edge = new TestLink(PATIENT, slow, partners)) {
            between[0] = edge;
            edge.edgeEar.whenLost = lost -> partners.lost(lost, "broken");
            edge.edgeEar.whenUp = partners::up;
            Link link = edge.up();
            SessionId session = SessionId.random();
            partners.answer(SomePartner.opens(session));
            partners.answer(new LoginByPassword(session, "acme", new SecretText("secret")));
            io.serai.edge.link.Breaking.all(link);
            await().atMost(Duration.ofSeconds(30)).until(() -> resumes.get() >= 1);
            await().atMost(Duration.ofSeconds(30)).until(() -> farewells.get() == 3);
            await().during(Duration.ofSeconds(3)).atMost(SOON).until(() -> farewells.get() == 3);
            assertThat(partners.sessionCount()).isZero();
        }
    }
}
