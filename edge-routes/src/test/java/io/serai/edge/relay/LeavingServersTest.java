package io.serai.edge.relay;

import static io.serai.edge.link.TestLink.PATIENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.secret.SecretText;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.Breaking;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.TestLink;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec.Farewell;
import io.serai.edge.message.Status;
import io.serai.edge.ticket.SessionTickets;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A session at one server that is to be left, and another one that does not answer as it should. */
class LeavingServersTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Duration QUIET = Duration.ofSeconds(3);

    private final ExecutorService workers = Executors.newCachedThreadPool();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final List<String> ended = new CopyOnWriteArrayList<>();
    private final RelayedPartners partners = new RelayedPartners(
            tried -> Optional.of(first().link),
            (session, reason) -> ended.add(reason),
            new Patience(SOON, SOON, SOON),
            Optional.of(new SessionMoves(workers, clock, Duration.ofSeconds(2))));
    private final Server first = new Server();
    private final Server second = new Server();
    private final SessionId session = SessionId.random();

    /** One of two servers of a cluster, with a link of its own to the edge. */
    private final class Server extends TestLink.Refusing implements AutoCloseable {
        final MemoryDesk desk = new MemoryDesk();
        final PartnerService service = new PartnerService(
                workers,
                clock,
                new UploadVerdicts(Duration.ofMinutes(5)),
                Optional.of(new SessionTickets(
                        new byte[SessionTickets.KEY_BYTES], Duration.ofHours(1), InstantSource.system())));
        final AtomicInteger resumes = new AtomicInteger();
        final AtomicInteger farewells = new AtomicInteger();
        /** What it answers to a resume, whatever it does; OK for what it has done. */
        volatile Status answersResumes = Status.OK;
        /** What the latest farewell was about. */
        volatile long farewellTry;
        /** So many farewells find it too busy. */
        volatile int deafFor;

        final TestLink test = new TestLink(PATIENT, this, partners);
        final Link link;

        Server() {
            service.serve(desk);
            test.serverEar.whenUp = service::up;
            test.serverEar.whenLost = lost -> service.lost(lost, "broken");
            test.edgeEar.whenUp = partners::up;
            test.edgeEar.whenLost = lost -> partners.lost(lost, "broken");
            link = test.up();
        }

        @Override
        public void request(Link by, IncomingRequest request) {
            boolean isResume = request.method() == Method.SESSION_RESUME.number();
            if (isResume) {
                resumes.incrementAndGet();
            }
            if (isResume && answersResumes != Status.OK) {
                request.reply(answersResumes, new byte[0]);
            } else if (request.method() == Method.SESSION_CLOSE.number() && isDeafTo(request.payload())) {
                request.reply(Status.BUSY, new byte[0]);
            } else {
                service.request(by, request);
            }
        }

        private boolean isDeafTo(byte[] farewell) {
            try {
                farewellTry = Farewell.decode(farewell).attempt();
            } catch (ProtocolViolation e) {
                throw new IllegalArgumentException(e);
            }
            return farewells.incrementAndGet() <= deafFor;
        }

        void drain() {
            service.drain();
            await().atMost(SOON).until(link::isBeingLeft);
            partners.changed(link);
        }

        void undrain() {
            service.undrain();
            await().atMost(SOON).until(() -> !link.isBeingLeft());
        }

        @Override
        public void close() {
            test.close();
        }
    }

    private Server first() {
        return first;
    }

    @BeforeEach
    void logIn() {
        partners.answer(SomePartner.opens(session));
        partners.answer(new LoginByPassword(session, "acme", new SecretText("secret")));
    }

    @AfterEach
    void stop() {
        first.close();
        second.close();
        workers.shutdownNow();
        clock.shutdownNow();
    }

    private void assertWorks() {
        StatFile stat = new StatFile(session, VirtualPath.parse("/none"), StatPurpose.LOOK);
        assertThatThrownBy(() -> partners.answer(stat))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SUCH_FILE));
        assertThat(ended).isEmpty();
    }

    @Test
    void aSessionStaysWhileNoServerKnowsWhoseItIs() {
        for (Status unknown : List.of(Status.UNKNOWN_OUTCOME, Status.INTERNAL)) {
            second.answersResumes = unknown;
            int before = first.resumes.get();
            first.desk.resumesFail.set(3);
            first.drain();
            await().atMost(SOON).until(() -> first.resumes.get() == before + 4);
            assertWorks();
            assertThat(first.service.sessionCount()).isEqualTo(1);
            await().atMost(SOON).until(() -> second.farewells.getAndSet(0) > 0);
            first.undrain();
        }
    }

    @Test
    void aSessionWhosePlaceIsLostEnds() {
        second.answersResumes = Status.UNKNOWN_OUTCOME;
        first.desk.ended.add(session);
        first.drain();
        await().atMost(SOON).until(() -> ended.size() == 1 && partners.sessionCount() == 0);
        await().atMost(SOON).until(() -> second.farewells.get() > 0);
        assertThat(first.service.sessionCount()).isZero();
    }

    @Test
    void aSessionThatNoServerKnowsGoesElsewhereWhenItsLinkBreaks() {
        second.answersResumes = Status.UNKNOWN_OUTCOME;
        first.desk.resumesFail.set(1_000);
        first.drain();
        await().atMost(SOON).until(() -> first.resumes.get() >= 2);
        second.answersResumes = Status.OK;
        Breaking.all(first.link);
        await().atMost(SOON).until(() -> second.service.sessionCount() == 1);
        assertWorks();
    }

    @Test
    void aFarewellIsTakenBackWhenTheSessionIsThereAgain() {
        first.deafFor = 1;
        first.drain();
        await().atMost(SOON).until(() -> second.service.sessionCount() == 1);
        first.undrain();
        second.drain();
        await().atMost(SOON).until(() -> second.service.sessionCount() == 0);
        await().during(QUIET).atMost(SOON).until(() -> first.farewells.get() == 1);
        assertThat(first.farewellTry).as("by the first try it left").isEqualTo(1);
        assertThat(second.farewellTry).as("by the second it came back").isEqualTo(2);
        assertThat(first.service.sessionCount()).isEqualTo(1);
        assertWorks();
    }

    @Test
    void theEndOfASessionIsSaidThoughItsLinkCannotBeUsedJustNow() {
        Breaking.control(first.link);
        await().atMost(SOON).pollInterval(Duration.ofMillis(1)).until(() -> !first.link.isUsable());
        partners.answer(new CloseSession(session, "bye"));
        await().atMost(SOON).until(() -> first.service.sessionCount() == 0);
        assertThat(first.link.isLost()).isFalse();
    }
}
