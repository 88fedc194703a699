package io.serai.endpoint.sftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.endpoint.PartnerPort;
import io.serai.endpoint.handover.HandedConnection;
import io.serai.endpoint.proxy.TrustedBalancers;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.common.BuiltinFactory;
import org.apache.sshd.common.NamedFactory;
import org.apache.sshd.common.Service;
import org.apache.sshd.common.ServiceFactory;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.file.nonefs.NoneFileSystemFactory;
import org.apache.sshd.common.global.KeepAliveHandler;
import org.apache.sshd.common.io.IoAcceptor;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.kex.BuiltinDHFactories;
import org.apache.sshd.common.kex.KexProposalOption;
import org.apache.sshd.common.mac.BuiltinMacs;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionDisconnectHandler;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.common.session.helpers.TimeoutIndicator;
import org.apache.sshd.common.util.threads.ThreadUtils;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.ServerBuilder;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.UserAuthFactory;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.channel.ChannelSessionFactory;
import org.apache.sshd.server.command.Command;
import org.apache.sshd.server.forward.RejectAllForwardingFilter;
import org.apache.sshd.server.global.NoMoreSessionsHandler;
import org.apache.sshd.server.session.ServerConnectionServiceFactory;
import org.apache.sshd.server.session.ServerSessionImpl;
import org.apache.sshd.server.session.ServerUserAuthService;
import org.apache.sshd.server.session.ServerUserAuthServiceFactory;
import org.apache.sshd.server.session.SessionFactory;
import org.apache.sshd.server.subsystem.SubsystemFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One bound SSH port: a MINA server that knows SFTP and nothing else. No shell, no commands, no forwarding, no
 * keyboard-interactive; no SHA-1, DSA, CBC, or ChaCha20, and strict key exchange.
 */
final class SshListener {
    private static final Logger LOG = LoggerFactory.getLogger(SshListener.class);

    private static final List<BuiltinDHFactories> KEY_EXCHANGES = List.of(
            BuiltinDHFactories.mlkem768x25519,
            BuiltinDHFactories.sntrup761x25519,
            BuiltinDHFactories.sntrup761x25519_openssh,
            BuiltinDHFactories.curve25519,
            BuiltinDHFactories.curve25519_libssh,
            BuiltinDHFactories.ecdhp256,
            BuiltinDHFactories.ecdhp384,
            BuiltinDHFactories.ecdhp521,
            BuiltinDHFactories.dhg16_512,
            BuiltinDHFactories.dhg14_256);

    private static final List<BuiltinCiphers> CIPHERS = List.of(
            BuiltinCiphers.aes128gcm, BuiltinCiphers.aes256gcm, BuiltinCiphers.aes128ctr, BuiltinCiphers.aes256ctr);

    private static final List<BuiltinMacs> MACS = List.of(
            BuiltinMacs.hmacsha256etm, BuiltinMacs.hmacsha512etm, BuiltinMacs.hmacsha256, BuiltinMacs.hmacsha512);

    /** Requests of any kind before a login, public keys that are only asked about among them. */
    private static final int AUTH_REQUESTS = 30;

    private static final int CHANNELS_PER_SESSION = 10;
    private static final Duration LAST_WORDS = Duration.ofSeconds(10);

    private final String name;
    private final Options options;
    private final PartnerPort port;
    private final ExecutorService workers;
    private final Server server;
    private final ConnectedSessions sessions;

    /**
     * What can be set.
     *
     * @param maxSessions connections of all kinds
     * @param maxUnauthenticated connections that have not logged in
     * @param loginGrace until the answering side's greeting says otherwise
     */
    record Options(
            InetSocketAddress address,
            HostKeys hostKeys,
            TrustedBalancers balancers,
            int maxSessions,
            int maxUnauthenticated,
            Duration loginGrace,
            long windowBytes,
            int ioThreads,
            CipherChoice ciphers,
            SftpLimits limits,
            Arrivals arrivals) {}

    /** How connections come. */
    enum Arrivals {
        /** At a port. */
        BOUND,
        /** By {@link #take}. */
        HANDED_OVER
    }

    /** Who chooses the cipher. */
    enum CipherChoice {
        /** The server, by {@link SteeredSession}. */
        STEERED,
        /** The client, as the protocol has it. */
        CLIENT
    }

    /** MINA's server, which can stop accepting while its sessions go on. */
    private static final class Server extends SshServer {
        private final Optional<ExecutorService> forHanded;

        private Server(Optional<ExecutorService> forHanded) {
            this.forHanded = forHanded;
        }

        /** @param forHanded threads of connections that are handed over; empty when they come at a port */
        static Server make(Optional<ExecutorService> forHanded) {
            return (Server) ServerBuilder.builder()
                    .factory(() -> new Server(forHanded))
                    .fileSystemFactory(NoneFileSystemFactory.INSTANCE)
                    .build();
        }

        @Override
        protected IoAcceptor createAcceptor() {
            return forHanded.isPresent()
                    ? new HandedAcceptor(getSessionFactory(), forHanded.get())
                    : super.createAcceptor();
        }

        boolean take(HandedConnection connection) {
            return acceptor instanceof HandedAcceptor handed && handed.take(connection);
        }

        @Override
        public void stop(boolean immediately) throws IOException {
            try {
                super.stop(immediately);
            } finally {
                forHanded.ifPresent(ExecutorService::shutdown);
            }
        }

        void stopAccepting() {
            if (acceptor != null) {
                acceptor.unbind();
            }
        }

        InetSocketAddress boundAddress() {
            for (SocketAddress bound : acceptor.getBoundAddresses()) {
                if (bound instanceof InetSocketAddress address) {
                    return address;
                }
            }
            throw new IllegalStateException("The listener is not bound");
        }
    }

    SshListener(String name, Options options, PartnerPort port, ExecutorService workers) {
        this.name = name;
        this.options = options;
        this.port = port;
        this.workers = workers;
        this.server = Server.make(
                options.arrivals() == Arrivals.HANDED_OVER
                        ? Optional.of(ThreadUtils.newFixedThreadPool("sftp-handed-" + name, options.ioThreads()))
                        : Optional.empty());
        this.sessions = new ConnectedSessions(options.maxSessions(), options.maxUnauthenticated());
        configureCryptography();
        configureServices();
        configureLimits();
    }

    private void configureCryptography() {
        server.setKeyExchangeFactories(
                NamedFactory.setUpTransformedFactories(true, KEY_EXCHANGES, ServerBuilder.DH2KEX));
        server.setCipherFactories(BuiltinFactory.setUpFactories(true, CIPHERS));
        server.setMacFactories(BuiltinFactory.setUpFactories(true, MACS));
        server.setSignatureFactories(BuiltinFactory.setUpFactories(true, SignatureProof.ALGORITHMS));
        server.setKexExtensionHandler(ServerBuilder.DEFAULT_KEX_EXTENSION_HANDLER);
        server.setCompressionFactories(ServerBuilder.setUpDefaultCompressionFactories(true).stream()
                .filter(factory -> factory.getName().equals("none"))
                .toList());
        server.setKeyPairProvider(options.hostKeys().provider());
    }

    private void configureServices() {
        server.setHost(options.address().getHostString());
        server.setPort(options.address().getPort());
        List<UserAuthFactory> logins = List.of(new PublicKeyLogin.Factory(), new PasswordLogin.Factory());
        server.setUserAuthFactories(logins);
        server.setServiceFactories(List.of(new GreetingFactory(), ServerConnectionServiceFactory.INSTANCE));
        server.setChannelFactories(List.of(ChannelSessionFactory.INSTANCE));
        server.setGlobalRequestHandlers(List.of(new KeepAliveHandler(), new NoMoreSessionsHandler()));
        server.setForwardingFilter(RejectAllForwardingFilter.INSTANCE);
        server.setSubsystemFactories(List.of(new SftpFactory()));
        server.setSessionFactory(new Sessions(server));
        server.setSessionDisconnectHandler(new PatientWithWork());
        server.addSessionListener(new Lifetimes());
        if (options.balancers().areUsed()) {
            server.setServerProxyAcceptor(new BalancedClients());
        }
    }

    private void configureLimits() {
        CoreModuleProperties.SERVER_IDENTIFICATION.set(server, "Serai");
        CoreModuleProperties.TCP_NODELAY.set(server, true);
        CoreModuleProperties.SOCKET_KEEPALIVE.set(server, true);
        CoreModuleProperties.WINDOW_SIZE.set(server, options.windowBytes());
        CoreModuleProperties.NIO_WORKERS.set(server, options.ioThreads());
        CoreModuleProperties.AUTH_TIMEOUT.set(server, options.loginGrace());
        // Idle sessions are ended by the timeout of their login, never by the transport.
        CoreModuleProperties.NIO2_READ_TIMEOUT.set(server, Duration.ZERO);
        CoreModuleProperties.MAX_AUTH_REQUESTS.set(server, AUTH_REQUESTS);
        CoreModuleProperties.MAX_CONCURRENT_CHANNELS.set(server, CHANNELS_PER_SESSION);
    }

    void start() {
        try {
            server.start();
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The SFTP listener \"" + name + "\" cannot bind " + options.address() + ": " + e.getMessage()
                            + "; choose a free port, or stop what uses it",
                    e);
        }
        LOG.info(
                "SFTP listener \"{}\" accepts at {}; host keys {}",
                name,
                options.arrivals() == Arrivals.HANDED_OVER ? "no port, but what edges pass through" : address(),
                options.hostKeys().fingerprints());
    }

    /** As {@link io.serai.endpoint.handover.HandoverListener#take}. */
    boolean take(HandedConnection connection) {
        return sessions.hasRoom() && server.take(connection);
    }

    InetSocketAddress address() {
        return server.boundAddress();
    }

    /** Ends a session; false when it is none of ours. */
    boolean end(SessionId id, String reason) {
        Optional<SftpSession> found = sessions.find(id);
        found.ifPresent(session -> session.end(reason));
        return found.isPresent();
    }

    /** Stops accepting, lets running work end for a while, and ends the rest; open uploads are aborted. */
    void stop(Duration patience) {
        server.stopAccepting();
        try {
            sessions.all().stream().filter(session -> !session.isBusy()).forEach(SshListener::endForStop);
            sessions.awaitIdle(patience);
            sessions.all().forEach(SshListener::endForStop);
            sessions.awaitNone(LAST_WORDS);
            server.stop(true);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.warn("SFTP listener \"{}\" did not stop cleanly", name, e);
        }
        LOG.info("SFTP listener \"{}\" is stopped", name);
    }

    private static void endForStop(SftpSession session) {
        session.end("The server is being stopped");
    }

    /** Makes the session of each connection, if there is room for it. */
    private final class Sessions extends SessionFactory {
        Sessions(SshServer server) {
            super(server);
        }

        @Override
        protected ServerSessionImpl doCreateSession(IoSession connection) throws Exception {
            if (!sessions.hasRoom()) {
                connection.close(true);
                throw new SshException("The listener \"" + name + "\" has too many connections");
            }
            TrustedBalancers balancers = options.balancers();
            if (balancers.areUsed() && !balancers.include(connection.getRemoteAddress())) {
                connection.close(true);
                throw new SshException("The listener \"" + name + "\" takes connections from its load balancers alone");
            }
            ServerSessionImpl ssh = options.ciphers() == CipherChoice.STEERED
                    ? new SteeredSession(getServer(), connection)
                    : new ServerSessionImpl(getServer(), connection);
            SftpSession session = new SftpSession(ssh, name, port, workers);
            ssh.setAttribute(SftpSession.KEY, session);
            sessions.add(ssh, session);
            if (balancers.areUsed()) {
                var unused = server.getScheduledExecutorService()
                        .schedule(
                                () -> BalancedClients.closeWithoutHeader(ssh),
                                TrustedBalancers.HEADER_LIMIT.toMillis(),
                                TimeUnit.MILLISECONDS);
            }
            return ssh;
        }
    }

    /** Notices how connections begin and end. */
    private final class Lifetimes implements SessionListener {
        /** What follows are the keys, which take longer than the answering side. */
        @Override
        public void sessionNegotiationEnd(
                Session ssh,
                Map<KexProposalOption, String> clientProposal,
                Map<KexProposalOption, String> serverProposal,
                Map<KexProposalOption, String> agreed,
                @Nullable Throwable failure) {
            if (failure == null) {
                sessions.find(ssh).ifPresent(SftpSession::prepare);
            }
        }

        @Override
        public void sessionDisconnect(Session ssh, int code, String text, String language, boolean initiator) {
            LOG.debug("Connection {} ends: {} {}", ssh, code, text);
        }

        @Override
        public void sessionClosed(Session ssh) {
            sessions.find(ssh).ifPresent(session -> {
                session.connectionClosed("The connection was closed");
                sessions.remove(ssh);
            });
        }
    }

    /** Greets a client that asks to log in. */
    private static final class GreetingFactory implements ServiceFactory {
        @Override
        public String getName() {
            return ServerUserAuthServiceFactory.INSTANCE.getName();
        }

        @Override
        public Service create(Session ssh) throws IOException {
            SftpSession.of(ssh).open();
            return new ServerUserAuthService(ssh);
        }
    }

    /** Makes the one subsystem that there is. */
    private final class SftpFactory implements SubsystemFactory {
        @Override
        public String getName() {
            return "sftp";
        }

        @Override
        public Command createSubsystem(ChannelSession channel) {
            SftpSession session = SftpSession.of(channel.getServerSession());
            SftpConversation conversation = new SftpConversation(session, channel, workers, options.limits());
            channel.setDataReceiver(conversation);
            return conversation;
        }
    }

    /** Does not take a client for idle that waits for our answer. */
    private final class PatientWithWork implements SessionDisconnectHandler {
        @Override
        public boolean handleTimeoutDisconnectReason(Session ssh, TimeoutIndicator timeout) {
            return timeout.getStatus() == TimeoutIndicator.TimeoutStatus.IdleTimeout
                    && sessions.find(ssh).map(SftpSession::isWorking).orElse(false);
        }
    }
}
