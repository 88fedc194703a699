package io.serai.endpoint.ftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.PartnerPort;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ftpserver.ConnectionConfigFactory;
import org.apache.ftpserver.FtpServer;
import org.apache.ftpserver.FtpServerFactory;
import org.apache.ftpserver.ftplet.DefaultFtplet;
import org.apache.ftpserver.ftplet.FtpException;
import org.apache.ftpserver.ftplet.FtpSession;
import org.apache.ftpserver.ftplet.FtpletResult;
import org.apache.ftpserver.impl.FtpIoSession;
import org.apache.ftpserver.listener.Listener;
import org.apache.ftpserver.listener.ListenerFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A bound FTPS port with its threads and conversations. */
final class FtpListener {
    private static final Logger LOG = LoggerFactory.getLogger(FtpListener.class);
    private static final Duration LAST_MOMENT = Duration.ofSeconds(10);

    private final FtpServerEndpoint settings;
    private final ListenerServices services;
    private final ThreadPoolExecutor transfers;
    private final ThreadPoolExecutor handshakes;
    private final ScheduledExecutorService clock;
    private final Listener listener;
    private final FtpServer server;
    private final Set<Conversation> conversations = ConcurrentHashMap.newKeySet();

    FtpListener(FtpServerEndpoint settings, PartnerPort port) {
        this.settings = settings;
        transfers = threads("transfer", settings.getMaxTransfers());
        handshakes = threads("handshake", settings.getMaxTransfers());
        clock = Executors.newSingleThreadScheduledExecutor(named("ftp-server-" + settings.getListener() + "-clock-"));
        ListenerTls tls = new ListenerTls(settings.identity());
        BalancedClients clients = new BalancedClients(settings.balancers(), settings.getMaxConnections());
        services = new ListenerServices(
                settings, port, tls, new PassivePorts(settings.getPassivePorts()), clients, transfers, handshakes);
        listener = listener(settings, tls, clients);
        server = server();
    }

    private static Listener listener(FtpServerEndpoint settings, ListenerTls tls, BalancedClients clients) {
        ListenerFactory factory = new ListenerFactory();
        factory.setServerAddress(settings.getBindAddress());
        factory.setPort(settings.getPort());
        factory.setSslConfiguration(tls);
        factory.setImplicitSsl(settings.getTls() == FtpTls.IMPLICIT);
        factory.setIdleTimeout((int) Math.max(1, settings.getIdleTimeout() / 1000));
        factory.setSessionFilter(clients);
        return factory.createListener();
    }

    private FtpServer server() {
        ConnectionConfigFactory connections = new ConnectionConfigFactory();
        connections.setAnonymousLoginEnabled(false);
        connections.setMaxLogins(0);
        connections.setMaxThreads(settings.getCommandThreads());
        FtpServerFactory factory = new FtpServerFactory();
        factory.setConnectionConfig(connections.createConnectionConfig());
        factory.setCommandFactory(new VerbTable());
        // FtpServer clears these maps when it stops.
        factory.setFtplets(new HashMap<>(Map.of("conversations", new Greeter())));
        factory.setListeners(new HashMap<>(Map.of("default", listener)));
        return factory.createServer();
    }

    void start() {
        try {
            server.start();
        } catch (FtpException | RuntimeException e) {
            transfers.shutdown();
            handshakes.shutdown();
            clock.shutdown();
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "ftp-server:" + settings.getListener() + " cannot listen at " + settings.getBindAddress() + ":"
                            + settings.getPort() + ": " + e.getMessage(),
                    e);
        }
        clock.scheduleWithFixedDelay(this::tick, 1, 1, TimeUnit.SECONDS);
    }

    InetSocketAddress address() {
        return new InetSocketAddress(settings.getBindAddress(), listener.getPort());
    }

    boolean end(SessionId id, String reason) {
        Optional<FtpIoSession> found = sessionOf(id);
        found.ifPresent(session -> {
            session.write(Answer.of(421, reason));
            conversation(session).ifPresent(conversation -> conversation.breakOffTransfer(reason));
            session.close(false);
        });
        return found.isPresent();
    }

    private Optional<FtpIoSession> sessionOf(SessionId id) {
        return listener.getActiveSessions().stream()
                .filter(session -> conversation(session)
                        .filter(conversation -> conversation.id().equals(id))
                        .isPresent())
                .findFirst();
    }

    private static Optional<Conversation> conversation(FtpIoSession session) {
        return Optional.ofNullable((@Nullable Conversation) session.getAttribute(Conversation.ATTRIBUTE));
    }

    /** Accepts nothing new, waits for the running transfers, breaks off what is left and ends all sessions. */
    void stop() {
        // FtpServer's own suspension would end the connections at once.
        transfers.shutdown();
        if (!drain(Duration.ofMillis(settings.getDrainTimeout()))) {
            conversations.forEach(conversation -> conversation.breakOffTransfer("the server is stopping"));
            drain(LAST_MOMENT);
        }
        clock.shutdownNow();
        handshakes.shutdownNow();
        for (FtpIoSession session : listener.getActiveSessions()) {
            session.write(Answer.of(421, "The server is stopping"));
            session.close(false).awaitUninterruptibly(1_000);
        }
        server.stop();
        conversations.forEach(conversation -> conversation.disconnected("the server is stopping"));
    }

    /** Waits until no transfer runs; false when the limit passes first. */
    private boolean drain(Duration limit) {
        try {
            return transfers.awaitTermination(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void tick() {
        try {
            Duration limit = Duration.ofMillis(settings.getDataTimeout());
            conversations.forEach(
                    conversation -> conversation.transfer().ifPresent(transfer -> transfer.breakOffIfStuck(limit)));
            services.clients().closeOverdue();
            for (FtpIoSession session : listener.getActiveSessions()) {
                if (conversation(session).filter(Conversation::isOverdue).isPresent()) {
                    session.closeNow();
                }
            }
        } catch (RuntimeException e) {
            LOG.warn("ftp-server:{} could not look after its sessions: {}", settings.getListener(), e.toString());
        }
    }

    private ThreadPoolExecutor threads(String what, int most) {
        return new ThreadPoolExecutor(
                0,
                most,
                1,
                TimeUnit.MINUTES,
                new SynchronousQueue<>(),
                named("ftp-server-" + settings.getListener() + "-" + what + "-"));
    }

    private static ThreadFactory named(String prefix) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, prefix + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Begins a conversation with each connection, and ends it. */
    private final class Greeter extends DefaultFtplet {
        @Override
        public FtpletResult onConnect(FtpSession session) {
            if (transfers.isShutdown() || conversations.size() >= settings.getMaxConnections()) {
                return FtpletResult.DISCONNECT;
            }
            Conversation conversation = new Conversation(
                    services,
                    new Origin(
                            Protocol.FTPS,
                            settings.getListener(),
                            BalancedClients.client(
                                    session.getAttribute(BalancedClients.attribute()), session.getClientAddress()),
                            session.getServerAddress(),
                            Optional.empty()));
            session.setAttribute(Conversation.ATTRIBUTE, conversation);
            conversations.add(conversation);
            return FtpletResult.DEFAULT;
        }

        @Override
        public FtpletResult onDisconnect(FtpSession session) {
            if (session.getAttribute(Conversation.ATTRIBUTE) instanceof Conversation conversation) {
                conversations.remove(conversation);
                conversation.disconnected("disconnected");
            }
            return FtpletResult.DEFAULT;
        }
    }
}
