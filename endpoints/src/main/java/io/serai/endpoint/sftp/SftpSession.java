package io.serai.endpoint.sftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CheckPublicKey;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.KeyAnswer;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.PartnerPort;
import io.serai.endpoint.SessionGreeting;
import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.session.ServerSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One SSH connection and what the answering side knows of it. {@link OpenSession} is sent when client and listener have agreed
 * on algorithms (so not for port scanners), while they exchange keys; a client that asks for the authentication service waits for
 * its answer. {@link CloseSession} is sent after the last conversation has ended. Mutable state is guarded by this object's lock.
 *
 * <p>A login is refused by default: only an {@link LoginResult.Accepted} lets a client in, and whatever goes wrong is a
 * refusal.
 */
final class SftpSession {
    static final AttributeKey<SftpSession> KEY = new AttributeKey<>();

    private static final Logger LOG = LoggerFactory.getLogger(SftpSession.class);
    private static final String SERVICE = "ssh-connection";
    private static final int USER_LENGTH = 255;
    private static final int PASSWORD_LENGTH = 1024;

    private final SessionId id = SessionId.random();
    private final ServerSession ssh;
    private final String listener;
    private final PartnerPort port;
    private final Executor workers;
    /** Whether somebody tells the answering side of this connection, or has made sure that nobody will. */
    private final AtomicBoolean isBegun = new AtomicBoolean();

    private final CompletableFuture<SessionGreeting> opening = new CompletableFuture<>();

    private final Set<SftpConversation> conversations = new HashSet<>();
    private @Nullable SessionGreeting greeting;
    private boolean loggedIn;
    private int failedLogins;
    private @Nullable String endReason;
    private boolean connectionGone;
    private boolean closeSent;

    SftpSession(ServerSession ssh, String listener, PartnerPort port, Executor workers) {
        this.ssh = ssh;
        this.listener = listener;
        this.port = port;
        this.workers = workers;
    }

    /** The session of a connection. */
    static SftpSession of(Session ssh) {
        SftpSession session = ssh.getAttribute(KEY);
        if (session == null) {
            throw new IllegalStateException("A connection that was not accepted by this listener: " + ssh);
        }
        return session;
    }

    SessionId id() {
        return id;
    }

    Instant now() {
        return Instant.now();
    }

    <R> R call(PartnerOperation<R> operation) {
        return port.call(operation);
    }

    /** Throws when the connection is gone, so that nobody waits on its behalf any longer. */
    void requireConnected() {
        if (!ssh.isOpen()) {
            throw new SeraiException(ErrorCode.PARTNER_ABORT, "The connection was lost");
        }
    }

    synchronized boolean isLoggedIn() {
        return loggedIn;
    }

    // ---- the way in ----

    /** Has the answering side told of this connection soon. */
    void prepare() {
        if (isBegun.get()) { // the keys are exchanged anew
            return;
        }
        try {
            workers.execute(this::begin);
        } catch (RejectedExecutionException e) {
            LOG.debug("Session {} is opened when its client asks for it", id, e);
        }
    }

    /** Tells the answering side of this connection, unless it was told, and waits for its answer. */
    void open() {
        begin();
        SessionGreeting offered;
        try {
            offered = opening.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SeraiException(ErrorCode.BUSY, "The listener is stopping", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof SeraiException refusal
                    ? new SeraiException(refusal.code(), refusal.text(), e)
                    : new SeraiException(ErrorCode.DEFECT, "The session could not be opened: " + e.getCause(), e);
        }
        synchronized (this) {
            greeting = offered;
        }
        offered.banner().ifPresent(banner -> CoreModuleProperties.WELCOME_BANNER.set(ssh, banner));
        CoreModuleProperties.AUTH_TIMEOUT.set(ssh, offered.loginGrace());
    }

    private void begin() {
        if (isBegun.compareAndSet(false, true)) {
            try {
                opening.complete(ask());
            } catch (RuntimeException | Error e) { // for who waits
                opening.completeExceptionally(e);
            }
        }
    }

    private SessionGreeting ask() {
        return call(new OpenSession(
                id,
                new Origin(
                        Protocol.SFTP,
                        listener,
                        (InetSocketAddress) ssh.getClientAddress(),
                        (InetSocketAddress) ssh.getIoSession().getLocalAddress(),
                        Optional.ofNullable(ssh.getClientVersion())
                                .map(version -> version.replaceAll("\\p{Cntrl}", "?")))));
    }

    boolean loginByPassword(String user, String service, String password) {
        return isAcceptable(user, service)
                && password.length() <= PASSWORD_LENGTH
                && login(new LoginByPassword(id, user, new SecretText(password)));
    }

    boolean wouldAccept(String user, String service, SshPublicKey key) {
        if (!isAcceptable(user, service) || !SignatureProof.isUsable(key)) {
            return false;
        }
        try {
            return call(new CheckPublicKey(id, user, key)) == KeyAnswer.ACCEPTABLE;
        } catch (RuntimeException e) { // whatever goes wrong is a refusal
            LOG.warn("Session {}: a public key could not be checked and was refused: {}", id, e.toString());
            return false;
        }
    }

    boolean loginByPublicKey(String user, String service, SshPublicKey key, byte[] signature) {
        return isAcceptable(user, service)
                && SignatureProof.isUsable(key)
                && login(new LoginByPublicKey(id, user, key, new SshSignature(ssh.getSessionId(), signature)));
    }

    private static boolean isAcceptable(String user, String service) {
        return service.equals(SERVICE)
                && !user.isEmpty()
                && user.length() <= USER_LENGTH
                && user.codePoints()
                        .noneMatch(c -> Character.isISOControl(c)
                                || Character.getType(c) == Character.SURROGATE
                                || Character.getType(c) == Character.FORMAT
                                || c == 0xfffd);
    }

    private boolean login(PartnerOperation<LoginResult> attempt) {
        LoginResult result = tryLogin(attempt);
        if (result instanceof LoginResult.Accepted accepted) {
            synchronized (this) {
                if (endReason != null) {
                    return false;
                }
                loggedIn = true;
            }
            CoreModuleProperties.IDLE_TIMEOUT.set(ssh, accepted.idleTimeout());
            return true;
        }
        boolean tooMany;
        synchronized (this) {
            failedLogins++;
            tooMany = greeting == null || failedLogins >= greeting.maxTries();
        }
        if (tooMany) {
            disconnect(SshConstants.SSH2_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, "Too many failed logins");
        }
        return false;
    }

    private LoginResult tryLogin(PartnerOperation<LoginResult> attempt) {
        try {
            return call(attempt);
        } catch (RuntimeException e) { // whatever goes wrong is a refusal
            LOG.warn("Session {}: a login could not be checked and was refused: {}", id, e.toString());
            return new LoginResult.Refused();
        }
    }

    // ---- conversations ----

    /** Whether the conversation may begin. */
    synchronized boolean begin(SftpConversation conversation) {
        if (!loggedIn || endReason != null) {
            return false;
        }
        conversations.add(conversation);
        return true;
    }

    /** A conversation is over, with all that it had open. */
    void ended(SftpConversation conversation) {
        synchronized (this) {
            conversations.remove(conversation);
        }
        closeWhenDone();
    }

    /** Whether a conversation works or has a file open. */
    boolean isBusy() {
        return current().stream().anyMatch(SftpConversation::isBusy);
    }

    /** Whether a conversation has requests to answer. */
    boolean isWorking() {
        return current().stream().anyMatch(SftpConversation::isWorking);
    }

    // ---- the way out ----

    /** Ends the session from our side. */
    void end(String reason) {
        current().forEach(conversation -> conversation.drop(reason));
        disconnect(SshConstants.SSH2_DISCONNECT_BY_APPLICATION, reason);
    }

    /** The connection is gone. */
    void connectionClosed(String reason) {
        synchronized (this) {
            connectionGone = true;
            if (endReason == null) {
                endReason = reason;
            }
        }
        current().forEach(conversation -> conversation.drop(reason));
        closeWhenDone();
    }

    private synchronized Set<SftpConversation> current() {
        return Set.copyOf(conversations);
    }

    private void disconnect(int code, String reason) {
        synchronized (this) {
            if (endReason == null) {
                endReason = reason;
            }
        }
        try {
            ssh.disconnect(code, reason);
        } catch (IOException e) {
            LOG.debug("Session {}: the disconnect could not be sent; the connection is closed all the same", id, e);
            ssh.close(true);
        }
    }

    private void closeWhenDone() {
        String reason;
        synchronized (this) {
            if (endReason == null || !conversations.isEmpty() || closeSent || !connectionGone) {
                return;
            }
            closeSent = true;
            reason = endReason;
        }
        if (isBegun.compareAndSet(false, true)) {
            opening.completeExceptionally(new SeraiException(ErrorCode.PARTNER_ABORT, "The connection was lost"));
        } else {
            opening.whenComplete((offered, failure) -> closeSoon(reason));
        }
    }

    private void closeSoon(String reason) {
        try {
            workers.execute(() -> close(reason));
        } catch (RejectedExecutionException e) {
            // The listener stops and takes nothing new; it waits for its threads, of which this is one.
            close(reason);
        }
    }

    private void close(String reason) {
        try {
            call(new CloseSession(id, reason));
        } catch (SeraiException e) {
            LOG.warn("Session {}: its end could not be recorded; its lease will run out", id, e);
        }
    }
}
