package io.serai.edge.relay;

import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.name.SessionId;
import io.serai.config.secret.SecretText;
import io.serai.edge.link.Link;
import io.serai.edge.link.Reply;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.Status;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** How many sessions and logins an edge gets. */
class OwnedEdgeLoginsTest extends EdgeInWrongHands {
    @Test
    void sessionsThatDoNotLogInAreBounded() throws Exception {
        List<SessionId> open = new ArrayList<>();
        for (int i = 0; i < BEFORE_LOGIN; i++) {
            open.add(open(link));
        }
        assertThat(ask(link, opening(SessionId.random(), "p", "x")).status()).isEqualTo(Status.BUSY);
        assertThat(service.sessionCount()).isEqualTo(BEFORE_LOGIN);
        assertThat(alarms.of("before-login of edge-1")).isEqualTo(1);
        // A session that logs in, or ends, makes room; those of other edges are not concerned.
        assertThat(logIn(link, open.get(0), "acme", "secret")).isTrue();
        assertThat(ask(link, new CloseSession(open.get(1), "bye")).status()).isEqualTo(Status.OK);
        open(link);
        open(link);
        assertThat(ask(link, opening(SessionId.random(), "p", "x")).status()).isEqualTo(Status.BUSY);
        open(honest.up());
    }

    @Test
    void sessionsThatAreOpenedAndClosedWithoutEndAreBounded() throws Exception {
        int taken = 0;
        Status last = Status.OK;
        while (last == Status.OK && taken <= 4 * OPENS) {
            SessionId id = SessionId.random();
            last = ask(link, opening(id, "p", "x")).status();
            if (last == Status.OK) {
                taken++;
                assertThat(ask(link, new CloseSession(id, "bye")).status()).isEqualTo(Status.OK);
            }
        }
        assertThat(last).isEqualTo(Status.BUSY);
        assertThat(taken).isBetween(OPENS, 3 * OPENS);
        assertThat(alarms.of("opens of edge-1")).isEqualTo(1);
        // What it has opened comes to an end with it.
        io.serai.edge.link.Breaking.all(link);
        await().atMost(SOON).until(() -> service.sessionCount() == 0);
    }

    @Test
    void passwordsAreNotGuessedFromAddressesThatAreMadeUp() throws Exception {
        for (int i = 0; i < FAILED_OF_USER; i++) {
            SessionId session = openFrom(link, "198.51.100." + i);
            assertThat(logIn(link, session, "acme", "guess " + i)).isFalse();
            close(link, session);
        }
        // Even the right one, in another session, over another link of this edge; but not at another edge.
        assertThat(logIn(link, open(link), "acme", "secret")).isFalse();
        assertThat(alarms.of("failed-logins-of-user of edge-1")).isEqualTo(1);
        Link other = honest.up();
        assertThat(logIn(other, open(other), "acme", "secret")).isTrue();
        // Other names are no way round: all failures of an edge are counted, whatever the names.
        Status last = Status.OK;
        int tries = 0;
        while (last == Status.OK && tries <= 2 * FAILED) {
            SessionId session = openFrom(link, "198.51.100." + (100 + tries));
            last = ask(link, new LoginByPassword(session, "name" + tries, new SecretText("guess")))
                    .status();
            close(link, session);
            tries++;
        }
        assertThat(last).isEqualTo(Status.BUSY);
        assertThat(tries).isLessThanOrEqualTo(FAILED);
        assertThat(alarms.of("failed-logins of edge-1")).isEqualTo(1);
        // Public keys cannot be guessed, and are counted apart.
        assertThat(logInByKey(link, openFrom(link, "203.0.113.77"), "acme")).isTrue();
    }

    @Test
    void aStrangerAtAnHonestEdgeShutsNobodyOut() throws Exception {
        Link edge = honest.up();
        for (String stranger : List.of("2001:db8:1:2::1", "198.51.100.7")) {
            for (int i = 0; i < 10; i++) {
                // From all over the network, where that is IPv6.
                SessionId session = openFrom(edge, stranger.contains(":") ? "2001:db8:1:2:" + i + "::1" : stranger);
                for (int name = 0; name < FAILED / 5; name++) {
                    assertThat(logIn(edge, session, name == 0 ? "acme" : "name" + name, "guess"))
                            .isFalse();
                }
                close(edge, session);
            }
        }
        assertThat(alarms.of("failed-logins-of-network of edge-2")).isEqualTo(4 * FAILED - 2 * FAILED_OF_NETWORK);
        assertThat(alarms.of("failed-logins-of-user of edge-2")).isZero();
        assertThat(alarms.of("failed-logins of edge-2")).isZero();
        // Not even this network's public keys.
        assertThat(logIn(edge, openFrom(edge, "198.51.100.7"), "acme", "secret"))
                .isFalse();
        assertThat(logInByKey(edge, openFrom(edge, "198.51.100.7"), "acme")).isTrue();
        assertThat(logIn(edge, open(edge), "acme", "secret")).isTrue();
    }

    @Test
    void aLoginThatIsLockedOutIsNoGuess() throws Exception {
        Link edge = honest.up();
        desk.lockedOut = true;
        SessionId session = openFrom(edge, "198.51.100.1");
        for (int i = 0; i < 2 * FAILED; i++) {
            assertThat(logIn(edge, session, "acme", "secret")).isFalse();
        }
        desk.lockedOut = false;
        assertThat(logIn(edge, open(edge), "acme", "secret")).isTrue();
        assertThat(alarms.counts).isEmpty();
    }

    @Test
    void manyPartnersOfOneNetworkLogInAtOnce() throws Exception {
        Link edge = honest.up();
        desk.loginsMay = new CountDownLatch(1);
        List<CompletableFuture<Reply>> logins = new ArrayList<>();
        for (int i = 0; i < RUNNING + WAITING; i++) {
            LoginByPassword login = new LoginByPassword(open(edge), "acme", new SecretText("secret"));
            logins.add(edge.request(0, Method.AUTH_PASSWORD, OperationCodec.encode(Call.of(login, 0)), SOON));
            if (i == RUNNING - 1) {
                desk.loginsMay.countDown();
            }
        }
        for (CompletableFuture<Reply> login : logins) {
            assertThat(ReplyCodec.decode(LoginResult.class, login.join().payload()))
                    .isInstanceOf(LoginResult.Accepted.class);
        }
    }

    @Test
    void oneLoginOfASessionAtATime() throws Exception {
        SessionId session = open(link);
        desk.loginsMay = new CountDownLatch(1);
        LoginByPassword login = new LoginByPassword(session, "acme", new SecretText("secret"));
        CompletableFuture<Reply> first =
                link.request(0, Method.AUTH_PASSWORD, OperationCodec.encode(Call.of(login, 0)), SOON);
        await().atMost(SOON).until(() -> desk.loginsAsked.get() == 1);
        assertThat(ask(link, login).status()).isEqualTo(Status.BUSY);
        desk.loginsMay.countDown();
        assertThat(first.join().status()).isEqualTo(Status.OK);
        assertThat(desk.loginsAsked).hasValue(1);
    }

    @Test
    void goodLoginsUseNothingUp() throws Exception {
        for (int i = 0; i < FAILED + FAILED_OF_USER + 5; i++) {
            SessionId session = open(honest());
            assertThat(logIn(honest(), session, "acme", "secret")).isTrue();
            assertThat(ask(honest(), new CloseSession(session, "bye")).status()).isEqualTo(Status.OK);
        }
        assertThat(alarms.counts).isEmpty();
    }
}
