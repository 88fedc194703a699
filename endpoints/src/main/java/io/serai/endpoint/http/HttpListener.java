package io.serai.endpoint.http;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.endpoint.PartnerPort;
import io.serai.endpoint.handover.HandedConnection;
import io.serai.endpoint.handover.HandedServerChannel;
import io.serai.endpoint.proxy.TrustedBalancers;
import io.serai.endpoint.tls.TlsIdentity;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.impl.VertxBuilder;
import io.vertx.core.impl.transports.JDKTransport;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.impl.ConnectionBase;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** A bound HTTPS port with its event loops, workers and sessions. */
final class HttpListener {
    private static final int BLOCK_BYTES = 256 * 1024;
    private static final int HEAD_BYTES = 16 * 1024;
    private static final int STREAMS = 64;
    private static final Duration STEP = Duration.ofSeconds(30);

    private final HttpServerEndpoint settings;
    private final Optional<HandedServerChannel> handed;
    private final Vertx vertx;
    private final WorkerExecutor workers;
    private final LoginCache logins;
    private final RequestDispatcher dispatcher;
    private final TrustedBalancers balancers;
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger boundPort = new AtomicInteger();

    HttpListener(HttpServerEndpoint settings, PartnerPort port) {
        this.settings = settings;
        handed = settings.getHandedOver().isEmpty() ? Optional.empty() : Optional.of(new HandedServerChannel());
        vertx = vertx(handed);
        workers = vertx.createSharedWorkerExecutor(
                "http-server-" + settings.getListener(), settings.getWorkerThreads(), 1, TimeUnit.HOURS);
        logins = new LoginCache(
                port,
                Duration.ofMillis(settings.getSessionIdleTimeout()),
                Duration.ofMillis(settings.getSessionMaxAge()),
                settings.getMaxSessions());
        balancers = settings.balancers();
        dispatcher = new RequestDispatcher(settings, port, logins, vertx, workers);
    }

    private static Vertx vertx(Optional<HandedServerChannel> handed) {
        VertxOptions options = new VertxOptions().setPreferNativeTransport(true);
        if (handed.isEmpty()) {
            return Vertx.vertx(options);
        }
        // It binds no port; raw connections can move to event loops of NIO alone.
        return new VertxBuilder(options)
                .findTransport(new HandedTransport(JDKTransport.INSTANCE, handed.get()))
                .init()
                .vertx();
    }

    void start() {
        try {
            HttpServerOptions options = options();
            int instances = Math.max(1, Runtime.getRuntime().availableProcessors());
            await(
                    vertx.deployVerticle(() -> new Acceptor(options), new DeploymentOptions().setInstances(instances)),
                    STEP);
            vertx.setPeriodic(
                    5_000,
                    timer -> workers.executeBlocking(
                            () -> {
                                logins.sweep();
                                return true;
                            },
                            false));
        } catch (RuntimeException e) {
            vertx.close();
            throw e;
        }
    }

    InetSocketAddress address() {
        return new InetSocketAddress(settings.getBindAddress(), boundPort.get());
    }

    /** As {@link io.serai.endpoint.handover.HandoverListener#take}. */
    boolean take(HandedConnection connection) {
        return handed.filter(server -> server.take(connection)).isPresent();
    }

    boolean end(SessionId session, String reason) {
        return logins.end(session, reason);
    }

    /** Refuses new requests, waits for the running ones, breaks off what is left and ends all sessions. */
    void stop() {
        if (!dispatcher.drain(Duration.ofMillis(settings.getDrainTimeout()))) {
            dispatcher.breakOffAll("The server is stopping");
            dispatcher.drain(STEP);
        }
        await(
                workers.executeBlocking(
                        () -> {
                            logins.close();
                            return true;
                        },
                        false),
                STEP);
        await(vertx.close(), STEP);
    }

    private HttpServerOptions options() {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(settings.getBindAddress())
                // Below zero: a free port that all acceptors share.
                .setPort(settings.getPort() == 0 || handed.isPresent() ? -1 : settings.getPort())
                .setTcpNoDelay(true)
                .setMaxInitialLineLength(HEAD_BYTES)
                .setMaxHeaderSize(HEAD_BYTES)
                .setMaxChunkSize(BLOCK_BYTES / 4)
                .setHandle100ContinueAutomatically(false)
                .setHttp2ClearTextEnabled(false)
                .setHttp2ConnectionWindowSize(8 * BLOCK_BYTES)
                .setInitialSettings(new Http2Settings()
                        .setMaxConcurrentStreams(STREAMS)
                        .setMaxHeaderListSize(HEAD_BYTES)
                        .setInitialWindowSize(4 * BLOCK_BYTES))
                .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
                .setIdleTimeout((int) Math.min(settings.getIdleTimeout(), Integer.MAX_VALUE));
        if (balancers.areUsed()) {
            options.setUseProxyProtocol(true)
                    .setProxyProtocolTimeoutUnit(TimeUnit.MILLISECONDS)
                    .setProxyProtocolTimeout(TrustedBalancers.HEADER_LIMIT.toMillis());
        }
        settings.identity().ifPresent(identity -> useTls(options, identity));
        return options;
    }

    private static void useTls(HttpServerOptions options, TlsIdentity identity) {
        options.setSsl(true)
                .setUseAlpn(true)
                .setAlpnVersions(List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1))
                .setEnabledSecureTransportProtocols(new LinkedHashSet<>(TlsIdentity.protocols()))
                .setKeyCertOptions(new PemKeyCertOptions()
                        .addCertValue(Buffer.buffer(identity.chainPem()))
                        .addKeyValue(Buffer.buffer(identity.keyPem())));
        TlsIdentity.suites().forEach(options::addEnabledCipherSuite);
        if (OpenSSLEngineOptions.isAvailable()) {
            options.setSslEngineOptions(new OpenSSLEngineOptions());
        }
    }

    private static <T> T await(Future<T> future, Duration limit) {
        CompletableFuture<T> done = future.toCompletionStage().toCompletableFuture();
        try {
            return done.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new SeraiException(
                    ErrorCode.INVALID, "The HTTPS listener cannot be started or stopped: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SeraiException(ErrorCode.BUSY, "Interrupted while the HTTPS listener changed its state", e);
        }
    }

    /** One event loop's share of the port. */
    private final class Acceptor extends AbstractVerticle {
        private final HttpServerOptions options;

        Acceptor(HttpServerOptions options) {
            this.options = options;
        }

        @Override
        public void start(Promise<Void> started) {
            HttpServer server = vertx.createHttpServer(options)
                    .connectionHandler(this::accept)
                    .requestHandler(dispatcher::handle);
            server.listen()
                    .onSuccess(bound -> boundPort.set(bound.actualPort()))
                    .<Void>mapEmpty()
                    .onComplete(started);
        }

        private void accept(HttpConnection connection) {
            int open = connections.incrementAndGet();
            dispatcher.watch(connection);
            connection.closeHandler(closed -> {
                connections.decrementAndGet();
                dispatcher.unwatch(connection);
            });
            if (open > settings.getMaxConnections() || isFromElsewhere(connection)) {
                connection.close();
            }
        }

        /** Vert.x tells the address of the PROXY header as the connection's; the channel knows who sent it. */
        private boolean isFromElsewhere(HttpConnection connection) {
            return balancers.areUsed()
                    && !balancers.include(
                            ((ConnectionBase) connection).channel().remoteAddress());
        }
    }
}
