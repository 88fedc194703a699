package io.serai.edge.relay;

import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.SessionId;
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
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.Status;
import io.serai.edge.ticket.SessionTickets;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A server, and links by which a hostile edge asks it for what no honest one asks for. */
abstract class EdgeInWrongHands {
    static final int BEFORE_LOGIN = 20;
    static final int OPENS = 60;
    static final int FAILED_OF_NETWORK = 4;
    static final int FAILED = 30;
    static final int FAILED_OF_USER = 5;
    static final int RUNNING = 4;
    static final int WAITING = 8;
    static final EdgeLimits LIMITS = new EdgeLimits(
            BEFORE_LOGIN, OPENS, FAILED_OF_NETWORK, FAILED, FAILED_OF_USER, Duration.ofHours(5), RUNNING, WAITING);

    /** Counts. */
    static final class Counting implements EdgeAlarms {
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

    final Counting alarms = new Counting();
    final MemoryDesk desk = new MemoryDesk();
    final ExecutorService workers = Executors.newFixedThreadPool(16);
    final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    final PartnerService service = new PartnerService(
            workers,
            clock,
            new UploadVerdicts(Duration.ofMinutes(5)),
            Optional.of(new SessionTickets(
                    new byte[SessionTickets.KEY_BYTES], Duration.ofHours(1), InstantSource.system())),
            LIMITS,
            alarms);
    TestLink owned;
    TestLink honest;
    Link link;

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

    static OpenSession opening(SessionId id, String listener, String software) {
        return opening(id, listener, software, "203.0.113.9");
    }

    static OpenSession opening(SessionId id, String listener, String software, String client) {
        return new OpenSession(
                id,
                new Origin(
                        Protocol.SFTP,
                        listener,
                        new InetSocketAddress(client, 4711),
                        new InetSocketAddress("192.0.2.1", 22),
                        Optional.of(software)));
    }

    static Reply ask(Link by, PartnerOperation<?> operation) throws Exception {
        return by.call(0, OperationCodec.method(operation), OperationCodec.encode(Call.of(operation, 0)), SOON);
    }

    static SessionId open(Link by) throws Exception {
        SessionId id = SessionId.random();
        assertThat(ask(by, opening(id, "partners", "x")).status()).isEqualTo(Status.OK);
        return id;
    }

    static SessionId openFrom(Link by, String client) throws Exception {
        SessionId id = SessionId.random();
        assertThat(ask(by, opening(id, "partners", "x", client)).status()).isEqualTo(Status.OK);
        return id;
    }

    static void close(Link by, SessionId session) throws Exception {
        assertThat(ask(by, new CloseSession(session, "bye")).status()).isEqualTo(Status.OK);
    }

    static boolean logIn(Link by, SessionId session, String user, String password) throws Exception {
        Reply reply = ask(by, new LoginByPassword(session, user, new SecretText(password)));
        assertThat(reply.status()).isEqualTo(Status.OK);
        return ReplyCodec.decode(LoginResult.class, reply.payload()) instanceof LoginResult.Accepted;
    }

    static Status stream(Link by, StreamKind kind, PartnerOperation<?> operation, UUID upload) throws Exception {
        Call call = new Call(operation, 0, upload, 0, Optional.empty());
        LinkStream stream = by.open(kind, OperationCodec.method(operation), OperationCodec.encode(call));
        StreamEnd end = stream.awaitEnd(SOON).orElseThrow();
        return end.status();
    }

    /** A message with this path, made by hand: session is field 1, path 3, choice 6. */
    static byte[] withPath(SessionId session, String path) {
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

    static boolean resumes(Link by, SessionId session, byte[] ticket, String client) throws Exception {
        byte[] resume = new Resume(session, ticket, InetAddress.getByName(client), 1).encode();
        Reply reply = by.call(0, Method.SESSION_RESUME, resume, SOON);
        assertThat(reply.status()).isEqualTo(Status.OK);
        return ReplyCodec.decode(LoginResult.class, reply.payload()) instanceof LoginResult.Accepted;
    }

    static boolean logInByKey(Link by, SessionId session, String user) throws Exception {
        SshPublicKey key = new SshPublicKey("good", new byte[] {9});
        Reply reply =
                ask(by, new LoginByPublicKey(session, user, key, new SshSignature(new byte[] {2}, new byte[] {1})));
        assertThat(reply.status()).isEqualTo(Status.OK);
        return ReplyCodec.decode(LoginResult.class, reply.payload()) instanceof LoginResult.Accepted;
    }

    Link honest() {
        return honest.acceptor.links().stream().findFirst().orElseGet(honest::up);
    }

    /** With so many bytes in a field of a later version. */
    static byte[] padded(byte[] message, int bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(message);
        out.writeBytes(new byte[] {(byte) 0xf2, 0x06}); // field 110, bytes
        out.write(bytes & 0x7f | 0x80);
        out.write(bytes >>> 7 & 0x7f | 0x80);
        out.write(bytes >>> 14);
        out.writeBytes(new byte[bytes]);
        return out.toByteArray();
    }

    long held() {
        return service.guards().of("edge-1").heldBytes();
    }

    static Reply ask(Link by, long operationId, PartnerOperation<?> operation) throws Exception {
        return by.call(
                0, OperationCodec.method(operation), OperationCodec.encode(Call.of(operation, operationId)), SOON);
    }
}
