package io.serai.edge.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.secret.SecretText;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LoginTriesTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int OF_NETWORK = 20;
    private static final int FAILED = 6_000;
    private static final int OF_USER = 100;
    private static final Duration FORGIVEN = Duration.ofMinutes(10);

    private final Map<String, AtomicInteger> refused = new ConcurrentHashMap<>();
    private final EdgeAlarms alarms = new EdgeAlarms() {
        @Override
        public void violated(String edge) {}

        @Override
        public void refused(String edge, String limit) {
            refused.computeIfAbsent(limit, key -> new AtomicInteger()).incrementAndGet();
        }
    };
    private final AtomicLong nanos = new AtomicLong();
    private final ExecutorService workers = Executors.newCachedThreadPool();
    private final LoginTries tries = new EdgeGuard(
                    "edge-1", EdgeLimits.DEFAULTS, alarms, new EdgeGuard.Threads(workers, workers), nanos::get)
            .logins();
    private final AtomicInteger asked = new AtomicInteger();
    private final Set<Thread> asking = ConcurrentHashMap.newKeySet();
    private volatile boolean down;
    private volatile CountDownLatch may = new CountDownLatch(0);

    @AfterEach
    void stop() {
        may.countDown();
        workers.shutdownNow();
    }

    private final PartnerDesk desk = new PartnerDesk() {
        @Override
        public <R> R answer(PartnerOperation<R> operation) {
            asked.incrementAndGet();
            try {
                may.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (down) {
                throw new SeraiException(ErrorCode.NO_SESSION, "It was ended");
            }
            boolean right = !(operation instanceof LoginByPassword login)
                    || login.password().reveal().equals("secret");
            return operation
                    .replyType()
                    .cast(
                            right
                                    ? new LoginResult.Accepted(new AccountName("acme"), Set.of(), Duration.ofMinutes(1))
                                    : new LoginResult.Refused());
        }
    };

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static LoginByPassword login(String user, String password) {
        return new LoginByPassword(SessionId.random(), user, new SecretText(password));
    }

    private boolean logsIn(String user, String password, String from) {
        return tries.ask(login(user, password), address(from), desk) instanceof LoginResult.Accepted;
    }

    private int refused(String limit) {
        return refused.getOrDefault(limit, new AtomicInteger()).get();
    }

    @Test
    void whatTheServerCouldNotDecideCountsNowhere() {
        down = true;
        for (int i = 0; i < FAILED + 1; i++) {
            assertThatThrownBy(() -> logsIn("acme", "secret", "198.51.100.1")).isInstanceOf(SeraiException.class);
        }
        down = false;
        assertThat(logsIn("acme", "secret", "198.51.100.1")).isTrue();
        assertThat(refused).isEmpty();
    }

    @Test
    void guessesSideBySideDoNotCountAsOne() throws Exception {
        may = new CountDownLatch(1);
        List<Future<Boolean>> guesses = new ArrayList<>();
        for (int i = 0; i < 3 * OF_NETWORK; i++) {
            String user = "name" + i;
            guesses.add(workers.submit(() -> {
                asking.add(Thread.currentThread());
                return logsIn(user, "guess", "198.51.100.1");
            }));
        }
        await().atMost(SOON).until(() -> asking.size() == 3 * OF_NETWORK && asked.get() == OF_NETWORK);
        may.countDown();
        for (Future<Boolean> guess : guesses) {
            assertThat(guess.get()).isFalse();
        }
        assertThat(asked).hasValue(OF_NETWORK);
        // As soon as one is forgiven there is one more: it did not go below none.
        nanos.addAndGet(FORGIVEN.dividedBy(OF_NETWORK).toNanos() + 1_000);
        assertThat(logsIn("acme", "secret", "198.51.100.1")).isTrue();
    }

    @Test
    void partnersOfOneNetworkWaitForEachOther() throws Exception {
        may = new CountDownLatch(1);
        List<Future<Boolean>> logins = new ArrayList<>();
        for (int i = 0; i < 3 * OF_NETWORK; i++) {
            logins.add(workers.submit(() -> {
                asking.add(Thread.currentThread());
                return logsIn("acme", "secret", "198.51.100.1");
            }));
        }
        await().atMost(SOON).until(() -> asking.size() == 3 * OF_NETWORK && asked.get() == OF_NETWORK);
        may.countDown();
        for (Future<Boolean> login : logins) {
            assertThat(login.get()).isTrue();
        }
        assertThat(refused).isEmpty();
    }

    @Test
    void aNetworkWhoseTriesAreNotDecidedIsToldThatItIsBusy() throws Exception {
        may = new CountDownLatch(1);
        for (int i = 0; i < OF_NETWORK; i++) {
            workers.submit(() -> logsIn("acme", "secret", "198.51.100.1"));
        }
        await().atMost(SOON).until(() -> asked.get() == OF_NETWORK);
        assertThatThrownBy(() -> logsIn("acme", "secret", "198.51.100.1"))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BUSY));
        assertThat(asked).hasValue(OF_NETWORK);
    }

    @Test
    void aStrangerWithAWholeProvidersNetworkShutsNobodyOut() {
        for (int i = 0; i < 2 * FAILED; i++) {
            assertThat(logsIn("name" + i, "guess", "2001:db8:1:" + Integer.toHexString(i) + "::1"))
                    .isFalse();
            logsIn("acme", "guess", "2001:db8:1:" + Integer.toHexString(i) + "::2");
        }
        assertThat(asked).hasValue(4 * OF_NETWORK);
        assertThat(logsIn("acme", "secret", "203.0.113.9")).isTrue();
        assertThat(logsIn("acme", "secret", "2001:db8:2::1")).isTrue();
        assertThat(refused("failed-logins")).isZero();
        assertThat(refused("failed-logins-of-user")).isZero();
    }

    @Test
    void networksWithinNetworksHaveTheirPartOfThem() {
        for (int i = 0; i < 10 * OF_NETWORK; i++) {
            logsIn("name" + i, "guess", "2001:db8:1:100::" + Integer.toHexString(i));
        }
        assertThat(asked).hasValue(OF_NETWORK);
        for (int i = 0; i < 10 * OF_NETWORK; i++) {
            logsIn("name" + i, "guess", "2001:db8:1:1" + (10 + i % 80) + "::1");
        }
        assertThat(asked).hasValue(2 * OF_NETWORK);
        for (int i = 0; i < 10 * OF_NETWORK; i++) {
            logsIn("name" + i, "guess", "2001:db8:1:" + (1000 + i) + "::1");
        }
        assertThat(asked).hasValue(4 * OF_NETWORK);
    }

    @Test
    void aStrangerWithManyNetworksDoesNotShutOutWhoIsKnownFromHis() {
        assertThat(logsIn("acme", "secret", "2001:db8:ffff:1::7")).isTrue();
        assertThat(tries.ask(byKey("keys"), address("203.0.113.9"), desk)).isInstanceOf(LoginResult.Accepted.class);
        for (int i = 0; i < 2 * FAILED; i++) {
            String from = "2a00:" + Integer.toHexString(i) + ":1::1";
            String user = i % 2 == 0 ? "acme" : "name" + i;
            try {
                assertThat(logsIn(user, "guess", from)).isFalse();
            } catch (SeraiException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.BUSY);
            }
        }
        assertThat(refused("failed-logins")).isPositive();
        assertThat(refused("failed-logins-of-user")).isPositive();
        assertThatThrownBy(() -> logsIn("acme", "secret", "203.0.113.9")).isInstanceOf(SeraiException.class);
        // Though somebody else there has used up the networks around his.
        for (int i = 0; i < 10 * OF_NETWORK; i++) {
            int host = i;
            assertThatThrownBy(() -> logsIn("name", "guess", "2001:db8:ffff:2::" + host))
                    .isInstanceOf(SeraiException.class);
        }
        assertThat(logsIn("acme", "secret", "2001:db8:ffff:1::8")).isTrue();
        assertThat(logsIn("keys", "secret", "203.0.113.9")).isTrue();
    }

    private static LoginByPublicKey byKey(String user) {
        return new LoginByPublicKey(
                SessionId.random(),
                user,
                new SshPublicKey("good", new byte[] {9}),
                new SshSignature(new byte[] {2}, new byte[] {1}));
    }

    @Test
    void anEdgeThatClaimsKnownNetworksHasTheirPartAndNoMore() {
        for (int i = 0; i < 50; i++) {
            assertThat(logsIn("acme", "secret", "203.0.113." + i)).isTrue();
        }
        asked.set(0);
        for (int i = 0; i < 50; i++) {
            for (int n = 0; n < 2 * OF_NETWORK; n++) {
                logsIn("acme", "guess", "203.0.113." + i);
            }
        }
        assertThat(asked).as("four networks, and what the user has elsewhere").hasValue(4 * OF_NETWORK + OF_USER);
        asked.set(0);
        nanos.addAndGet(Duration.ofMinutes(1).toNanos() + 1_000);
        for (int n = 0; n < 2 * OF_NETWORK; n++) {
            logsIn("acme", "guess", "203.0.113.49");
        }
        assertThat(asked).hasValue(2);
    }

    @Test
    void whatIsNotTriedIsSaidOnceAMinute() {
        Logger log = (Logger) LoggerFactory.getLogger(LoginTries.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        log.setLevel(Level.INFO);
        log.setAdditive(false);
        log.addAppender(lines);
        try {
            for (int i = 0; i < 3 * OF_NETWORK; i++) {
                logsIn("a\"\n\u202e\u00e9" + "x".repeat(100), "guess", "198.51.100.1");
            }
            String shown = "a????" + "x".repeat(59);
            assertThat(texts(lines))
                    .containsExactly("Login of \"" + shown
                            + "\" from 198.51.100.1 via edge-1 was not tried: too many failed from its network");
            nanos.addAndGet(Duration.ofSeconds(61).toNanos());
            for (int i = 0; i < OF_NETWORK; i++) {
                logsIn("b", "guess", "198.51.100.1");
            }
            assertThat(texts(lines)).hasSize(2);
            lines.list.clear();
            for (int i = 0; i < 2 * OF_USER; i++) {
                logsIn("c", "guess", "203.0.113." + i);
            }
            assertThat(texts(lines))
                    .containsExactly("Login of \"c\" from 203.0.113." + OF_USER
                            + " via edge-1 was not tried: too many failed of this user");
            lines.list.clear();
            for (int i = 0; i < 255; i++) {
                for (int n = 0; n < OF_NETWORK + 1; n++) {
                    logsIn("name" + i + "-" + n, "guess", "192.0.2." + i);
                }
            }
            assertThat(texts(lines)).as("of all networks").hasSizeLessThanOrEqualTo(60);
            assertThat(new HashSet<>(texts(lines))).hasSameSizeAs(texts(lines));
        } finally {
            log.detachAppender(lines);
            log.setLevel(null);
            log.setAdditive(true);
        }
    }

    private static List<String> texts(ListAppender<ILoggingEvent> lines) {
        return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
