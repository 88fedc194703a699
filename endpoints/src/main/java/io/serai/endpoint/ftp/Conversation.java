package io.serai.endpoint.ftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.SessionGreeting;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.ftpserver.ftplet.FtpReply;
import org.apache.ftpserver.impl.FtpIoSession;
import org.apache.mina.transport.socket.SocketSessionConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One control connection: who is logged in, where they are, and what is under way. Commands run one after the other and
 * wait while a transfer runs; the order is guarded by the conversation's monitor, everything else belongs to the command
 * that runs.
 */
final class Conversation {
    /** The attribute of a MINA session that holds its conversation. */
    static final String ATTRIBUTE = "io.serai.conversation";

    private static final Logger LOG = LoggerFactory.getLogger(Conversation.class);
    private static final int MAX_WAITING = 32;

    private final SessionId id = SessionId.random();
    private final ListenerServices services;
    private final InetAddress client;
    private final SessionGreeting greeting;
    private final long startedNanos = System.nanoTime();
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private boolean isRunning;
    private @Nullable RunningTransfer transfer;
    private boolean isDisconnected;
    private boolean isClosed;

    private volatile Optional<LoginResult.Accepted> login = Optional.empty();
    private volatile @Nullable FtpIoSession control;
    private int failedLogins;
    private String user = "";
    private VirtualPath folder = VirtualPath.ROOT;
    private boolean protectsData;
    private long restartAt;
    private OptionalLong announcedBytes = OptionalLong.empty();
    private Optional<VirtualPath> renameFrom = Optional.empty();
    private @Nullable DataConnection passive;

    /** @param origin where the connection comes from; the answering side is told */
    Conversation(ListenerServices services, PartnerOperation.Origin origin) {
        this.services = services;
        client = origin.client().getAddress();
        greeting = services.port().call(new PartnerOperation.OpenSession(id, origin));
        protectsData = services.settings().getTls() == FtpTls.IMPLICIT;
    }

    SessionId id() {
        return id;
    }

    ListenerServices services() {
        return services;
    }

    /** Where the control connection comes from; data connections must come from there too. */
    InetAddress client() {
        return client;
    }

    SessionGreeting greeting() {
        return greeting;
    }

    FtpIoSession control() {
        FtpIoSession known = control;
        if (known == null) {
            throw new IllegalStateException("No command has come yet");
        }
        return known;
    }

    void reply(int code, String text) {
        reply(Answer.of(code, text));
    }

    void reply(FtpReply reply) {
        control().write(reply);
    }

    <R> R call(PartnerOperation<R> operation) {
        return services.port().call(operation);
    }

    // ---- the order of commands ----

    /** Runs a command now, or after what is under way. */
    void take(FtpIoSession session, Verb verb, String argument) {
        if (control == null) {
            control = session;
            ((SocketSessionConfig) session.getConfig()).setTcpNoDelay(true);
        }
        Runnable command = () -> run(verb, argument);
        synchronized (this) {
            if (isRunning || transfer != null) {
                if (waiting.size() >= MAX_WAITING) {
                    hangUp("Too many commands at once");
                    return;
                }
                waiting.add(command);
                return;
            }
            isRunning = true;
        }
        command.run();
        runWaiting();
    }

    private void runWaiting() {
        while (true) {
            Runnable next;
            synchronized (this) {
                next = transfer == null ? waiting.poll() : null;
                if (next == null) {
                    isRunning = false;
                    return;
                }
            }
            next.run();
        }
    }

    private void run(Verb verb, String argument) {
        try {
            verb.run(this, argument);
        } catch (Refusal e) {
            reply(e.answer());
        } catch (SeraiException e) {
            refuse(e);
        } catch (IOException | RuntimeException e) {
            refuse(new SeraiException(ErrorCode.DEFECT, "A command failed: " + e, e));
        }
    }

    /** Answers a refusal, and logs it when it is not the partner's doing. */
    void refuse(SeraiException refusal) {
        switch (refusal.kind()) {
            case PARTNER -> LOG.debug("Session {}: {}", id, refusal.text());
            case RESOURCE, REMOTE, FENCED -> LOG.warn("Session {}: {}", id, refusal.text());
            case SETUP, DEFECT -> LOG.error("Session {}: {}", id, refusal.text(), refusal);
        }
        reply(FtpReplies.of(refusal));
    }

    /** Starts a transfer; commands wait until {@link #transferEnded}. */
    void start(RunningTransfer started) {
        synchronized (this) {
            transfer = started;
        }
        control().getConfig().setBothIdleTime(0);
        if (!services.start(started)) {
            started.breakOff("too many transfers");
            reply(450, "Too many transfers at the same time; try again later");
            transferEnded();
            return;
        }
        reply(150, "Ready for the data connection");
    }

    /** The transfer has replied; what waited goes on. */
    void transferEnded() {
        restoreIdleTimeout();
        boolean isLast;
        synchronized (this) {
            transfer = null;
            isLast = isDisconnected;
            if (!isLast && isRunning) {
                return;
            }
            isRunning = true;
        }
        if (isLast) {
            close("disconnected");
            return;
        }
        runWaiting();
    }

    /** Breaks the running transfer off; false when there is none. */
    boolean breakOffTransfer(String reason) {
        RunningTransfer running;
        synchronized (this) {
            running = transfer;
        }
        if (running == null) {
            return false;
        }
        running.breakOff(reason);
        return true;
    }

    synchronized Optional<RunningTransfer> transfer() {
        return Optional.ofNullable(transfer);
    }

    // ---- the end ----

    /** Replies and closes the control connection. */
    void hangUp(String reason) {
        reply(421, reason);
        control().close(false);
    }

    /** The control connection is gone. */
    void disconnected(String reason) {
        RunningTransfer running;
        synchronized (this) {
            isDisconnected = true;
            waiting.clear();
            running = transfer;
        }
        dropPassive();
        if (running == null) {
            close(reason);
        } else {
            running.breakOff("the control connection ended");
        }
    }

    private void close(String reason) {
        synchronized (this) {
            if (isClosed) {
                return;
            }
            isClosed = true;
        }
        try {
            call(new CloseSession(id, reason));
        } catch (SeraiException e) {
            LOG.warn("Session {} could not be closed: {}", id, e.text());
        }
        forget();
    }

    /** MINA may hold on to a connection that is gone, until the next one comes; nothing of the partner is to stay with it. */
    private void forget() {
        login = Optional.empty();
        user = "";
        folder = VirtualPath.ROOT;
        renameFrom = Optional.empty();
        FtpIoSession known = control;
        if (known != null) {
            known.reinitialize();
        }
    }

    /** Whether nobody has logged in within the time for that. */
    boolean isOverdue() {
        return login.isEmpty()
                && System.nanoTime() - startedNanos > greeting.loginGrace().toNanos();
    }

    // ---- who and where ----

    boolean isLoggedIn() {
        return login.isPresent();
    }

    void loggedIn(LoginResult.Accepted accepted) {
        login = Optional.of(accepted);
        restoreIdleTimeout();
    }

    /** Counts a refused login and tells whether there may be another. */
    boolean mayTryAgain() {
        failedLogins++;
        return failedLogins < greeting.maxTries();
    }

    private void restoreIdleTimeout() {
        Duration listener = Duration.ofMillis(services.settings().getIdleTimeout());
        Duration idle = login.map(LoginResult.Accepted::idleTimeout)
                .filter(own -> own.compareTo(listener) < 0)
                .orElse(listener);
        control().getConfig().setBothIdleTime((int) Math.max(1, idle.toSeconds()));
    }

    String user() {
        return user;
    }

    void user(String name) {
        user = name;
    }

    VirtualPath folder() {
        return folder;
    }

    void folder(VirtualPath newFolder) {
        folder = newFolder;
    }

    /** The path that an argument names; the folder itself when there is none. */
    VirtualPath path(String argument) {
        return folder.resolve(argument);
    }

    FileAttributes stat(VirtualPath path, StatPurpose purpose) {
        return call(new StatFile(id, path, purpose));
    }

    // ---- what prepares the next transfer ----

    boolean protectsData() {
        return protectsData;
    }

    void protectData(boolean isProtected) {
        protectsData = isProtected;
    }

    void restartAt(long offset) {
        restartAt = offset;
    }

    /** The offset of REST, which counts for one command only. */
    long takeRestart() {
        long offset = restartAt;
        restartAt = 0;
        return offset;
    }

    void announce(OptionalLong bytes) {
        announcedBytes = bytes;
    }

    /** What ALLO announced, which counts for one command only. */
    OptionalLong takeAnnounced() {
        OptionalLong bytes = announcedBytes;
        announcedBytes = OptionalLong.empty();
        return bytes;
    }

    void renameFrom(VirtualPath path) {
        renameFrom = Optional.of(path);
    }

    Optional<VirtualPath> takeRenameFrom() {
        Optional<VirtualPath> path = renameFrom;
        renameFrom = Optional.empty();
        return path;
    }

    /** Waits at this port for the next transfer, instead of at another one. */
    void listenAt(DataConnection next) {
        dropPassive();
        passive = next;
    }

    Optional<DataConnection> takePassive() {
        Optional<DataConnection> ready = Optional.ofNullable(passive);
        passive = null;
        return ready;
    }

    private void dropPassive() {
        takePassive().ifPresent(DataConnection::close);
    }
}
