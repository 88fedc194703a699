package io.serai.edge.enrol;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.enrol.EnrolmentTalk.Kind;
import io.serai.edge.enrol.EnrolmentTalk.Seen;
import io.serai.edge.enrol.EnrolmentTalk.Side;
import io.serai.edge.message.EdgeMessages.Grant;
import io.serai.edge.message.EdgeMessages.ServerPin;
import io.serai.edge.tls.FirstContact;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.Pin;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The edge's side of an enrolment: waits, where its links will be, for the server that knows the code. Whoever does not is
 * refused, and too many such tries use the code up. It dials nobody. Thread-safe.
 */
public final class Enrollee implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Enrollee.class);
    private static final int TALKS_MOST = 8;
    /** A handshake that comes byte by byte must not hold one of the few talks for ever. */
    private static final Duration LONGEST = Duration.ofSeconds(40);

    private static final Duration TALK_WITHIN = Duration.ofSeconds(20);

    private final LinkIdentity self;
    private final EnrolmentCode code;
    private final Limits limits;
    private final Consumer<Grant> keep;
    private final SSLContext tls;
    private final ServerSocket listening;
    private final ExecutorService talks;
    private final CompletableFuture<Grant> granted = new CompletableFuture<>();
    private final Object proofs = new Object();
    private int wrong;

    /**
     * @param valid how long the code is waited for
     * @param wrongMost so many wrong proofs use the code up
     * @param pauseAfterWrong no other proof is looked at for this time
     */
    public record Limits(Duration valid, int wrongMost, Duration pauseAfterWrong) {
        public static final Limits STANDARD = new Limits(Duration.ofHours(1), 20, Duration.ofSeconds(1));
    }

    /**
     * Listens from here on.
     *
     * @param keep keeps key and grant for good before the server is answered; may be called again with a grant of the same
     *     code when a conversation broke
     */
    public Enrollee(
            LinkIdentity self, EnrolmentCode code, InetSocketAddress address, Limits limits, Consumer<Grant> keep) {
        this.self = self;
        this.code = code;
        this.limits = limits;
        this.keep = keep;
        this.tls = FirstContact.context(LinkRole.EDGE, self);
        this.talks = new ThreadPoolExecutor(0, TALKS_MOST, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
            Thread thread = new Thread(task, "enrolment");
            thread.setDaemon(true);
            return thread;
        });
        try {
            this.listening = new ServerSocket();
            listening.setReuseAddress(true);
            listening.bind(address);
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.INVALID, "The edge cannot listen at " + address + ": " + e.getMessage(), e);
        }
        Thread acceptor = new Thread(this::accept, "enrolment-accept");
        acceptor.setDaemon(true);
        acceptor.start();
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) listening.getLocalSocketAddress();
    }

    /**
     * Waits until a server has enrolled this edge; closes the listener in any case.
     *
     * @throws SeraiException {@code INVALID} when the code has expired or was used up by wrong tries
     */
    public Grant await() throws InterruptedException {
        try {
            return granted.get(limits.valid().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "No server came with the code for " + limits.valid().toMinutes()
                            + " minutes; make another with \"serai edge enrol\", and see that servers reach "
                            + address());
        } catch (ExecutionException e) {
            throw e.getCause() instanceof SeraiException known
                    ? known
                    : new SeraiException(ErrorCode.DEFECT, "The enrolment failed", e.getCause());
        } finally {
            close();
        }
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket socket = listening.accept();
                try {
                    talks.execute(() -> serve(socket));
                } catch (java.util.concurrent.RejectedExecutionException full) {
                    socket.close();
                }
            } catch (SocketException closed) {
                return;
            } catch (IOException e) {
                LOG.debug("A connection was lost before it began", e);
            }
        }
    }

    private void serve(Socket plain) {
        String from = plain.getInetAddress().getHostAddress();
        CompletableFuture.delayedExecutor(LONGEST.toMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> end(plain));
        try (plain) {
            plain.setSoTimeout((int) TALK_WITHIN.toMillis());
            SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket(plain, null, true);
            try (EnrolmentTalk talk = new EnrolmentTalk(socket, TALK_WITHIN)) {
                talk(talk, FirstContact.shake(socket, LinkRole.EDGE), from);
            }
        } catch (IOException e) {
            LOG.info("A try at enrolment from {} ended: {}", from, e.getMessage());
        } catch (ProtocolViolation e) {
            LOG.warn("A try at enrolment from {} broke the protocol: {}", from, e.text());
        } catch (SeraiException e) {
            granted.completeExceptionally(e);
        }
    }

    private static void end(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("A connection did not close", e);
        }
    }

    private void talk(EnrolmentTalk talk, Pin server, String from) throws IOException, ProtocolViolation {
        byte[] nonce = EnrolmentTalk.nonce();
        byte[] serverNonce = talk.receive(Kind.HELLO, EnrolmentTalk.NONCE_BYTES);
        talk.send(Kind.HELLO, nonce);
        byte[] proof = talk.receive(Kind.PROOF);
        if (proof.length < EnrolmentTalk.MAC_BYTES) {
            throw new ProtocolViolation("a proof of " + proof.length + " bytes");
        }
        byte[] mac = Arrays.copyOf(proof, EnrolmentTalk.MAC_BYTES);
        byte[] grant = Arrays.copyOfRange(proof, EnrolmentTalk.MAC_BYTES, proof.length);
        Seen seen = new Seen(serverNonce, nonce, server, self.pin(), grant);
        // One at a time, so that the pause after a wrong one holds for all.
        synchronized (proofs) {
            if (granted.isDone()) {
                throw new IOException("the code is used up");
            }
            if (!seen.isProof(code, Side.SERVER, mac)) {
                refuse(talk, from);
                throw new IOException("the proof is wrong");
            }
            Grant given = Grant.decode(grant);
            requireSelf(given, server);
            keep.accept(given);
            talk.send(Kind.ANSWER, seen.proof(code, Side.EDGE));
            var unused = talk.receive(Kind.DONE, 0);
            talk.send(Kind.ACK, new byte[0]);
            granted.complete(given);
        }
    }

    /** A server that could not come back by its own grant would leave an edge that nobody reaches. */
    private static void requireSelf(Grant grant, Pin server) throws ProtocolViolation {
        if (grant.servers().pins().stream().map(ServerPin::pin).noneMatch(server.hex()::equals)) {
            throw new ProtocolViolation("a grant without the server that gives it");
        }
    }

    private void refuse(EnrolmentTalk talk, String from) {
        wrong++;
        LOG.warn(
                "{} tried to enrol this edge with a wrong code; {} of {} tries are used",
                from,
                wrong,
                limits.wrongMost());
        try {
            talk.send(Kind.REFUSED, new byte[0]);
            TimeUnit.MILLISECONDS.sleep(limits.pauseAfterWrong().toMillis());
        } catch (IOException e) {
            LOG.debug("Whoever tried is gone", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (wrong >= limits.wrongMost()) {
            granted.completeExceptionally(new SeraiException(
                    ErrorCode.INVALID,
                    "The code was tried wrongly " + wrong + " times and is used up; find out who did (the log names the"
                            + " addresses), then make another with \"serai edge enrol\""));
        }
    }

    /** Listens no more. */
    @Override
    public void close() {
        try {
            listening.close();
        } catch (IOException e) {
            LOG.debug("The listener of the enrolment did not close", e);
        }
        talks.shutdown();
    }
}
