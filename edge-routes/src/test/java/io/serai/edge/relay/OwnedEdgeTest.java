package io.serai.edge.relay;

import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.Reply;
import io.serai.edge.link.StreamEnd;
import io.serai.edge.link.StreamKind;
import io.serai.edge.link.TestLink;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.OperationCodec.Resume;
import io.serai.edge.message.OperationCodec.UploadQuery;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.Status;
import io.serai.edge.ticket.SessionTickets;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.ListFolder;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.PartnerOperation.MakeFolder;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.PartnerOperation.RemoveFile;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A server whose edge is in the wrong hands: what it can ask by messages that are well formed, or nearly so. */
class OwnedEdgeTest {
    private static final int BEFORE_LOGIN = 20;
    private static final int OPENS = 60;
    private static final int FAILED_OF_NETWORK = 4;
    private static final int FAILED = 30;
    private static final int FAILED_OF_USER = 5;
    private static final int RUNNING = 4;
    private static final int WAITING = 8;
    private static final EdgeLimits LIMITS = new EdgeLimits(
            BEFORE_LOGIN, OPENS, FAILED_OF_NETWORK, FAILED, FAILED_OF_USER, Duration.ofHours(5), RUNNING, WAITING);

    /** Counts. */
    private static final class Counting implements EdgeAlarms {
        final Map<String, AtomicInteger> counts = new ConcurrentHashMap<>();

        @Override
        public void violated(String edge) {
            count("violation of " + edge);
        }

        @Override
        public void refused(String edge, String limit) {
            count(limit + " of " + edge);
        }

        private void count(String what) {
            counts.computeIfAbsent(what, key -> new AtomicInteger()).incrementAndGet();
        }

        int of(String what) {
            return counts.getOrDefault(what, new AtomicInteger()).get();
        }
    }

    private final Counting alarms = new Counting();
    private final MemoryDesk desk = new MemoryDesk();
    private final ExecutorService workers = Executors.newFixedThreadPool(16);
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final PartnerService service = new PartnerService(
            workers,
            clock,
            new UploadVerdicts(Duration.ofMinutes(5)),
            Optional.of(new SessionTickets(
                    new byte[SessionTickets.KEY_BYTES], Duration.ofHours(1), InstantSource.system())),
            LIMITS,
            alarms);
    private TestLink owned;
    private TestLink honest;
    private Link link;

    @BeforeEach
    void start() {
        service.serve(desk);
        owned = new TestLink(QUICK, service, new TestLink.Refusing());
        honest = new TestLink("edge-2", QUICK, service, new TestLink.Refusing());
        owned.serverEar.whenLost = service::lost;
        link = owned.up();
    }

    @AfterEach
    void stop() {
        desk.greetingsMay.countDown();
        desk.closesMay.countDown();
        owned.close();
        honest.close();
        workers.shutdownNow();
        clock.shutdownNow();
    }

    // ---- what is asked ----

    private static OpenSession opening(SessionId id, String listener, String software) {
        return opening(id, listener, software, "203.0.113.9");
    }

    private static OpenSession opening(SessionId id, String listener, String software, String client) {
        return new OpenSession(
                id,
                new Origin(
                        Protocol.SFTP,
                        listener,
                        new InetSocketAddress(client, 4711),
                        new InetSocketAddress("192.0.2.1", 22),
                        Optional.of(software)));
    }

    private static Reply ask(Link by, PartnerOperation<?> operation) throws Exception {
        return by.call(0, OperationCodec.method(operation), OperationCodec.encode(Call.of(operation, 0)), SOON);
    }

    private static SessionId open(Link by) throws Exception {
        SessionId id = SessionId.random();
        assertThat(ask(by, opening(id, "partners", "x")).status()).isEqualTo(Status.OK);
        return id;
    }

    private static SessionId openFrom(Link by, String client) throws Exception {
        SessionId id = SessionId.random();
        assertThat(ask(by, opening(id, "partners", "x", client)).status()).isEqualTo(Status.OK);
        return id;
    }

    private static void close(Link by, SessionId session) throws Exception {
        assertThat(ask(by, new CloseSession(session, "bye")).status()).isEqualTo(Status.OK);
    }

    private static boolean logIn(Link by, SessionId session, String user, String password) throws Exception {
        Reply reply = ask(by, new LoginByPassword(session, user, new SecretText(password)));
        assertThat(reply.status()).isEqualTo(Status.OK);
        return ReplyCodec.decode(LoginResult.class, reply.payload()) instanceof LoginResult.Accepted;
    }

    private static Status stream(Link by, StreamKind kind, PartnerOperation<?> operation, UUID upload)
            throws Exception {
        Call call = new Call(operation, 0, upload, 0, Optional.empty());
        LinkStream stream = by.open(kind, OperationCodec.method(operation), OperationCodec.encode(call));
        StreamEnd end = stream.awaitEnd(SOON).orElseThrow();
        return end.status();
    }

    /** A message with this path, made by hand: session is field 1, path 3, choice 6. */
    private static byte[] withPath(SessionId session, String path) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0x0a);
        out.write(16);
        out.writeBytes(ByteBuffer.allocate(16)
                .putLong(session.value().getMostSignificantBits())
                .putLong(session.value().getLeastSignificantBits())
                .array());
        byte[] text = path.getBytes(StandardCharsets.UTF_8);
        out.write(0x1a);
        int length = text.length;
        while (length > 0x7f) {
            out.write(length & 0x7f | 0x80);
            length >>>= 7;
        }
        out.write(length);
        out.writeBytes(text);
        out.write(0x30);
        out.write(1);
        return out.toByteArray();
    }

    // ---- accounts ----

    @Test
    void nothingIsDoneInSessionsOfOthersOrInGuessedOnes() throws Exception {
        Link other = honest.up();
        SessionId theirs = open(other);
        assertThat(logIn(other, theirs, "acme", "secret")).isTrue();
        desk.files.put(VirtualPath.parse("/theirs"), new byte[] {1});
        SessionId mine = open(link);
        for (SessionId session : List.of(theirs, SessionId.random(), new SessionId(new UUID(0, 1)))) {
            for (PartnerOperation<?> operation : List.<PartnerOperation<?>>of(
                    new StatFile(session, VirtualPath.parse("/theirs"), StatPurpose.LOOK),
                    new RemoveFile(session, VirtualPath.parse("/theirs")),
                    new LoginByPassword(session, "acme", new SecretText("secret")),
                    new CloseSession(session, "away with it"))) {
                assertThat(ask(link, operation).status()).as("%s", operation).isEqualTo(Status.NO_SESSION);
            }
            OpenDownload read = new OpenDownload(session, VirtualPath.parse("/theirs"));
            assertThat(stream(link, StreamKind.READ, read, new UUID(0, 0))).isEqualTo(Status.NO_SESSION);
            OpenUpload write =
                    new OpenUpload(session, VirtualPath.parse("/x"), UploadMode.REPLACE, OptionalLong.empty());
            assertThat(stream(link, StreamKind.WRITE, write, UUID.randomUUID())).isEqualTo(Status.NO_SESSION);
            for (Method method : List.of(Method.UPLOAD_QUERY, Method.UPLOAD_FLUSH)) {
                byte[] query = new UploadQuery(session, UUID.randomUUID(), 0).encode();
                assertThat(link.call(0, method, query, SOON).status()).isEqualTo(Status.NO_SESSION);
            }
        }
        // Its own session without a login is worth nothing either, and the one of the others goes on.
        StatFile stat = new StatFile(mine, VirtualPath.parse("/theirs"), StatPurpose.LOOK);
        assertThat(ask(link, stat).status()).isEqualTo(Status.NO_SESSION);
        assertThat(ask(link, opening(theirs, "partners", "x")).status()).isEqualTo(Status.PROTOCOL);
        assertThat(ask(other, new StatFile(theirs, VirtualPath.parse("/theirs"), StatPurpose.LOOK))
                        .status())
                .isEqualTo(Status.OK);
        assertThat(desk.files).containsKey(VirtualPath.parse("/theirs"));
        assertThat(alarms.of("violation of edge-1")).isEqualTo(1);
        assertThat(alarms.of("violation of edge-2")).isZero();
    }

    private static boolean resumes(Link by, SessionId session, byte[] ticket, String client) throws Exception {
        byte[] resume = new Resume(session, ticket, InetAddress.getByName(client), 1).encode();
        Reply reply = by.call(0, Method.SESSION_RESUME, resume, SOON);
        assertThat(reply.status()).isEqualTo(Status.OK);
        return ReplyCodec.decode(LoginResult.class, reply.payload()) instanceof LoginResult.Accepted;
    }

    @Test
    void aTicketIsGoodForItsSessionItsEdgeAndItsClientAlone() throws Exception {
        Link other = honest.up();
        SessionId mine = open(link);
        Reply login = ask(link, new LoginByPassword(mine, "acme", new SecretText("secret")));
        byte[] ticket = ReplyCodec.ticket(login.payload());
        SessionId theirs = open(other);
        assertThat(logIn(other, theirs, "acme", "secret")).isTrue();
        byte[] changed = ticket.clone();
        changed[changed.length / 2] ^= 1;
        assertThat(resumes(other, mine, ticket, "203.0.113.9")).isFalse();
        assertThat(resumes(link, theirs, ticket, "203.0.113.9")).isFalse();
        assertThat(resumes(link, SessionId.random(), ticket, "203.0.113.9")).isFalse();
        assertThat(resumes(link, mine, ticket, "203.0.113.10")).isFalse();
        assertThat(resumes(link, mine, changed, "203.0.113.9")).isFalse();
        assertThat(resumes(link, mine, new byte[0], "203.0.113.9")).isFalse();
        assertThat(resumes(link, mine, ticket, "203.0.113.9")).isTrue();
        assertThat(alarms.of("ticket of edge-1")).isEqualTo(5);
        assertThat(alarms.of("ticket of edge-2")).isEqualTo(1);
        StatFile stat = new StatFile(theirs, VirtualPath.ROOT, StatPurpose.LOOK);
        assertThat(ask(link, stat).status()).isEqualTo(Status.NO_SESSION);
    }

    @Test
    void noPathLeavesTheHome() throws Exception {
        SessionId session = open(link);
        assertThat(logIn(link, session, "acme", "secret")).isTrue();
        for (String path : List.of(
                "..",
                "../a",
                "/../../etc/passwd",
                "/a/../../b",
                "a\0b",
                "/a\0/../b",
                "/" + "x".repeat(5_000),
                "/" + "y/".repeat(2_000),
                "/a\nb",
                "/a\u202eb",
                "\\..\\a",
                "/./../a",
                "//../a")) {
            Status status =
                    link.call(0, Method.STAT, withPath(session, path), SOON).status();
            // Refused, or taken for a name within the home, where there is no such file.
            assertThat(status)
                    .as(path.substring(0, Math.min(20, path.length())))
                    .isNotIn(Status.OK, Status.INTERNAL);
            assertThat(status).isIn(Status.NAME_INVALID, Status.NO_SUCH_FILE, Status.PROTOCOL);
        }
        assertThat(desk.asked)
                .allMatch(path -> !path.toString().contains("..")
                        && !path.toString().contains("\0")
                        && path.toString().startsWith("/"));
        assertThat(link.isUsable()).isTrue();
    }

    @Test
    void whatAnEdgeSaysOfItsClientsIsTextAndMarked() throws Exception {
        SessionId session = SessionId.random();
        String trap = "x\n2026-01-01 INFO Login of root\u001b[2J\u202e\u2028\r\0";
        assertThat(ask(link, opening(session, "part\nners" + "y".repeat(200), trap + "z".repeat(300)))
                        .status())
                .isEqualTo(Status.OK);
        Origin seen = desk.origins.get(session);
        assertThat(seen.edge()).contains("edge-1");
        assertThat(seen.shownClient()).isEqualTo("203.0.113.9:4711 via edge-1");
        assertThat(seen.listener()).startsWith("part?nersy").hasSize(64);
        assertThat(seen.clientSoftware().orElseThrow())
                .startsWith("x?2026-01-01 INFO Login of root?[2J????z")
                .hasSize(200);
        assertThat(ask(link, new CloseSession(session, "bye\nERROR all is lost\u001b[0m"))
                        .status())
                .isEqualTo(Status.OK);
        assertThat(desk.acts).contains("closed: bye?ERROR all is lost?[0m");
    }

    // ---- more than its share ----

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

    private static boolean logInByKey(Link by, SessionId session, String user) throws Exception {
        SshPublicKey key = new SshPublicKey("good", new byte[] {9});
        Reply reply =
                ask(by, new LoginByPublicKey(session, user, key, new SshSignature(new byte[] {2}, new byte[] {1})));
        assertThat(reply.status()).isEqualTo(Status.OK);
        return ReplyCodec.decode(LoginResult.class, reply.payload()) instanceof LoginResult.Accepted;
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

    private Link honest() {
        return honest.acceptor.links().stream().findFirst().orElseGet(honest::up);
    }

    @Test
    void anEdgeThatAsksWithoutEndLeavesWorkersForTheOthers() throws Exception {
        desk.greetingsMay = new CountDownLatch(1);
        List<CompletableFuture<Reply>> asked = new ArrayList<>();
        for (int i = 0; i < BEFORE_LOGIN; i++) {
            OpenSession open = opening(SessionId.random(), "p", "x");
            asked.add(link.request(0, Method.SESSION_OPEN, OperationCodec.encode(Call.of(open, 0)), SOON));
        }
        // All that is too much is answered at once, though nothing of the rest is.
        int refused = BEFORE_LOGIN - RUNNING - WAITING;
        await().atMost(SOON)
                .until(() -> asked.stream().filter(CompletableFuture::isDone).count() == refused);
        assertThat(asked.stream().filter(CompletableFuture::isDone).map(CompletableFuture::join))
                .allMatch(reply -> reply.status() == Status.BUSY);
        assertThat(alarms.of("work of edge-1")).isEqualTo(refused);
        // Some of the workers are held by it; another edge is answered.
        Link other = honest.up();
        Reply close = ask(other, new CloseSession(SessionId.random(), "x"));
        assertThat(close.status()).isEqualTo(Status.NO_SESSION);
        desk.greetingsMay.countDown();
        await().atMost(SOON).until(() -> asked.stream().allMatch(CompletableFuture::isDone));
        assertThat(asked.stream().map(CompletableFuture::join).filter(reply -> reply.status() == Status.OK))
                .hasSize(RUNNING + WAITING);
    }

    // ---- what a server holds ----

    /** With so many bytes in a field of a later version. */
    private static byte[] padded(byte[] message, int bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(message);
        out.writeBytes(new byte[] {(byte) 0xf2, 0x06}); // field 110, bytes
        out.write(bytes & 0x7f | 0x80);
        out.write(bytes >>> 7 & 0x7f | 0x80);
        out.write(bytes >>> 14);
        out.writeBytes(new byte[bytes]);
        return out.toByteArray();
    }

    private long held() {
        return service.guards().of("edge-1").heldBytes();
    }

    @Test
    void littleIsHeldOfRequestsThatWait() throws Exception {
        SessionId session = open(link);
        desk.greetingsMay = new CountDownLatch(1);
        List<CompletableFuture<Reply>> asked = new ArrayList<>();
        for (int i = 0; i < RUNNING; i++) {
            OpenSession open = opening(SessionId.random(), "p", "x");
            asked.add(link.request(0, Method.SESSION_OPEN, OperationCodec.encode(Call.of(open, 0)), SOON));
        }
        await().atMost(SOON).until(() -> desk.origins.size() == RUNNING + 1 && held() == 0);
        byte[] stat = withPath(session, "/a");
        assertThat(link.call(0, Method.STAT, padded(stat, 32 << 10), SOON).status())
                .as("longer than any of its kind")
                .isEqualTo(Status.PROTOCOL);
        assertThat(held()).isZero();
        byte[] longest = padded(stat, 30 << 10);
        for (int i = 0; i < WAITING; i++) {
            asked.add(link.request(0, Method.STAT, longest, SOON));
        }
        await().atMost(SOON).until(() -> held() == (long) WAITING * longest.length);
        desk.greetingsMay.countDown();
        await().atMost(SOON).until(() -> asked.stream().allMatch(CompletableFuture::isDone) && held() == 0);
    }

    @Test
    void whatWaitsIsBoundedInBytes() {
        EdgeGuard guard =
                new EdgeGuard("edge-1", LIMITS, alarms, new EdgeGuard.Threads(workers, workers), System::nanoTime);
        assertThat(guard.holds(EdgeGuard.HELD_BYTES)).isTrue();
        assertThat(guard.holds(1)).isFalse();
        guard.holdsNoLonger(EdgeGuard.HELD_BYTES);
        assertThat(guard.holds(1)).isTrue();
        assertThat(guard.heldBytes()).isEqualTo(1);
    }

    @Test
    void whatIsTooLongToWaitIsAnsweredBusy() throws Exception {
        SessionId session = open(link);
        byte[] stat = withPath(session, "/a");
        EdgeGuard guard = service.guards().of("edge-1");
        await().atMost(SOON).until(() -> held() == 0);
        int others = EdgeGuard.HELD_BYTES - stat.length + 1;
        assertThat(guard.holds(others)).isTrue();
        assertThat(link.call(0, Method.STAT, stat, SOON).status()).isEqualTo(Status.BUSY);
        assertThat(held()).isEqualTo(others);
        assertThat(alarms.of("work of edge-1")).isEqualTo(1);
        close(link, session); // what is too much is no reason to keep a session
        guard.holdsNoLonger(others);
        assertThat(link.call(0, Method.STAT, stat, SOON).status()).isEqualTo(Status.NO_SESSION);
        assertThat(held()).isZero();
    }

    @Test
    void closingsLeaveWorkersForTheOthersAndAreNeverRefused() throws Exception {
        int closings = 8;
        List<SessionId> open = new ArrayList<>();
        for (int i = 0; i < closings + WAITING + 3; i++) {
            open.add(open(link));
        }
        desk.closesMay = new CountDownLatch(1);
        List<CompletableFuture<Reply>> closed = new ArrayList<>();
        for (SessionId session : open) {
            byte[] close = OperationCodec.encode(Call.of(new CloseSession(session, "bye"), 0));
            closed.add(link.request(0, Method.SESSION_CLOSE, close, SOON));
        }
        await().atMost(SOON).until(() -> desk.closesAsked.get() == closings);
        Link other = honest.up();
        assertThat(logIn(other, open(other), "acme", "secret")).isTrue();
        assertThat(desk.closesAsked).as("at the same time").hasValue(closings);
        desk.closesMay.countDown();
        for (CompletableFuture<Reply> close : closed) {
            assertThat(close.join().status()).isEqualTo(Status.OK);
        }
        assertThat(service.sessionCount()).isEqualTo(1);
    }

    @Test
    void aSessionIsClosedThoughAllOtherWorkOfItsEdgeStandsStill() throws Exception {
        SessionId session = open(link);
        desk.greetingsMay = new CountDownLatch(1);
        for (int i = 0; i < RUNNING + WAITING; i++) {
            OpenSession open = opening(SessionId.random(), "p", "x");
            link.request(0, Method.SESSION_OPEN, OperationCodec.encode(Call.of(open, 0)), SOON);
        }
        await().atMost(SOON).until(() -> desk.origins.size() == RUNNING + 1);
        close(link, session);
        assertThat(desk.acts).contains("closed: bye");
    }

    @Test
    void onlyShortAnswersToChangesAreRemembered() throws Exception {
        SessionId session = open(link);
        assertThat(ask(link, 7, new RemoveFile(session, VirtualPath.parse("/x")))
                        .status())
                .isEqualTo(Status.NO_SESSION);
        assertThat(service.held(session).rememberedBytes())
                .as("before the login")
                .isZero();
        assertThat(logIn(link, session, "acme", "secret")).isTrue();
        for (int i = 0; i < 1_000; i++) {
            desk.files.put(VirtualPath.parse("/" + "n".repeat(200) + i), new byte[0]);
        }
        for (int i = 1; i <= 20; i++) {
            assertThat(ask(link, i, new ListFolder(session, VirtualPath.ROOT, Optional.empty()))
                            .payload())
                    .hasSizeGreaterThan(100_000);
        }
        assertThat(service.held(session).rememberedBytes()).as("lists").isZero();
        desk.failure = "long ".repeat(100);
        for (int i = 1; i <= 1_000; i++) {
            assertThat(ask(link, i, new RemoveFile(session, VirtualPath.parse("/x")))
                            .status())
                    .isEqualTo(Status.UNSUPPORTED);
        }
        assertThat(service.held(session).rememberedBytes()).as("long failures").isLessThan(1_000);
        assertThat(ask(link, 1_000, new RemoveFile(session, VirtualPath.parse("/x")))
                        .status())
                .as("again")
                .isEqualTo(Status.UNSUPPORTED);
        // It is remembered, nevertheless, what was done.
        assertThat(ask(link, 2_000, new MakeFolder(session, VirtualPath.parse("/new")))
                        .status())
                .isEqualTo(Status.OK);
        assertThat(ask(link, 2_000, new MakeFolder(session, VirtualPath.parse("/new")))
                        .status())
                .isEqualTo(Status.OK);
        assertThat(desk.acts).containsOnlyOnce("made /new");
    }

    private static Reply ask(Link by, long operationId, PartnerOperation<?> operation) throws Exception {
        return by.call(
                0, OperationCodec.method(operation), OperationCodec.encode(Call.of(operation, operationId)), SOON);
    }

    @Test
    void fewFlushesWaitForBytesThatNeverCome() throws Exception {
        SessionId session = open(link);
        assertThat(logIn(link, session, "acme", "secret")).isTrue();
        UUID upload = UUID.randomUUID();
        OpenUpload write = new OpenUpload(session, VirtualPath.parse("/x"), UploadMode.REPLACE, OptionalLong.empty());
        Call call = new Call(write, 0, upload, 0, Optional.empty());
        LinkStream stream = link.open(StreamKind.WRITE, Method.WRITE, OperationCodec.encode(call));
        byte[] flush = padded(new UploadQuery(session, upload, Long.MAX_VALUE).encode(), 30 << 10);
        byte[] none = new UploadQuery(session, upload, 0).encode();
        await().atMost(SOON)
                .until(() -> link.call(0, Method.UPLOAD_FLUSH, none, SOON).status() == Status.OK);
        List<CompletableFuture<Reply>> asked = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            asked.add(link.request(0, Method.UPLOAD_FLUSH, flush, Duration.ofMinutes(1)));
        }
        await().atMost(SOON)
                .until(() -> asked.stream().filter(CompletableFuture::isDone).count() >= 42);
        assertThat(asked.stream().filter(CompletableFuture::isDone).map(CompletableFuture::join))
                .allMatch(reply -> reply.status() == Status.BUSY)
                .hasSize(42);
        assertThat(held()).isZero();
        stream.reset(Status.PARTNER_ABORT, "enough");
        await().atMost(SOON).until(() -> asked.stream().allMatch(CompletableFuture::isDone));
    }

    @Test
    void theEndOfASessionIsNeverRefused() throws Exception {
        SessionId session = open(link);
        assertThat(logIn(link, session, "acme", "secret")).isTrue();
        desk.greetingsMay = new CountDownLatch(1);
        int bytes = 0;
        List<CompletableFuture<Reply>> asked = new ArrayList<>();
        for (int i = 0; i < RUNNING + WAITING; i++) {
            byte[] open = OperationCodec.encode(Call.of(opening(SessionId.random(), "p", "x"), 0));
            bytes = open.length;
            asked.add(link.request(0, Method.SESSION_OPEN, open, Duration.ofMinutes(1)));
            if (i == RUNNING - 1) {
                // The login has its place among them for a moment after its answer.
                await().atMost(SOON).until(() -> held() == 0 && desk.origins.size() == RUNNING + 1);
            }
        }
        long waiting = (long) WAITING * bytes;
        await().atMost(SOON).until(() -> held() == waiting && desk.origins.size() == RUNNING + 1);
        StatFile stat = new StatFile(session, VirtualPath.ROOT, StatPurpose.LOOK);
        assertThat(ask(link, stat).status()).isEqualTo(Status.BUSY);
        close(link, session);
        assertThat(desk.accounts).isEmpty();
        assertThat(service.held(session)).isNull();
        desk.greetingsMay.countDown();
        await().atMost(SOON).until(() -> asked.stream().allMatch(CompletableFuture::isDone));
    }

    @Test
    void anErrorOfOneTaskLosesNoOtherAndNoPlace() throws Exception {
        List<Integer> done = new java.util.concurrent.CopyOnWriteArrayList<>();
        WorkShare share = new WorkShare(workers, 1, 100);
        CountDownLatch go = new CountDownLatch(1);
        share.execute(() -> {
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            throw new NoClassDefFoundError("made up");
        });
        for (int i = 0; i < 20; i++) {
            int number = i;
            share.execute(() -> {
                done.add(number);
                throw new StackOverflowError("made up");
            });
        }
        go.countDown();
        await().atMost(SOON).until(() -> done.size() == 20);
        CountDownLatch after = new CountDownLatch(1);
        share.execute(after::countDown);
        assertThat(after.await(10, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
    }

    // ---- messages that cannot be ----

    @Test
    void messagesThatCannotBeAreAnsweredAndCounted() throws Exception {
        SessionId session = open(link);
        assertThat(logIn(link, session, "acme", "secret")).isTrue();
        byte[] stat = withPath(session, "/a");
        byte[] oddChoice = stat.clone();
        oddChoice[oddChoice.length - 1] = 77;
        byte[] cut = java.util.Arrays.copyOf(stat, 20);
        List<byte[]> odd = List.of(oddChoice, cut, new byte[0], new byte[] {0x0b}, new byte[200_000]);
        for (byte[] message : odd) {
            assertThat(link.call(0, Method.STAT, message, SOON).status()).isEqualTo(Status.PROTOCOL);
        }
        assertThat(alarms.of("violation of edge-1")).isEqualTo(odd.size());
        // Fields, methods and streams of a later version are no offence.
        ByteArrayOutputStream later = new ByteArrayOutputStream();
        later.writeBytes(stat);
        later.writeBytes(new byte[] {(byte) 0xf2, 0x06, 0x01, 'a'});
        assertThat(link.call(0, Method.STAT, later.toByteArray(), SOON).status())
                .isEqualTo(Status.NO_SUCH_FILE);
        assertThat(link.call(0, Method.TCP_CONNECT, stat, SOON).status()).isEqualTo(Status.UNSUPPORTED);
        LinkStream stream = link.open(StreamKind.BOTH, Method.TCP_CONNECT, new byte[0]);
        assertThat(stream.awaitEnd(SOON).orElseThrow().status()).isEqualTo(Status.UNSUPPORTED);
        assertThat(alarms.of("violation of edge-1")).isEqualTo(odd.size());
        assertThat(link.isUsable()).isTrue();
    }
}
