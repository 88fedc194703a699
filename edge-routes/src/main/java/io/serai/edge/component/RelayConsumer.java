package io.serai.edge.component;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Protocol;
import io.serai.edge.tcp.PassThroughListener;
import io.serai.edge.tcp.TcpArrival;
import io.serai.edge.tcp.TcpLimits;
import io.serai.edge.tcp.TcpRelays;
import io.serai.endpoint.BoundListener;
import io.serai.endpoint.PartnerHeaders;
import io.serai.endpoint.proxy.TrustedBalancers;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.jspecify.annotations.Nullable;

/** A listener that passes connections through; its route says who may come in. Stopping cuts the connections that are open. */
public final class RelayConsumer extends DefaultConsumer implements BoundListener {
    private static final int THREADS = 8;
    private static final int WAITING_MOST = 1_000;
    /** The server that answers knows better when a session is idle. */
    private static final Duration IDLE = Duration.ofHours(24);

    private final RelayEndpoint endpoint;
    private @Nullable ExecutorService threads;
    private @Nullable PassThroughListener listening;
    private @Nullable InetSocketAddress address;

    RelayConsumer(RelayEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
        this.endpoint = endpoint;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        TcpRelays relays =
                endpoint.getCamelContext().getRegistry().lookupByNameAndType(endpoint.getZone(), TcpRelays.class);
        if (relays == null) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "relay:" + endpoint.getZone() + " is unknown: no servers of that name link to this edge");
        }
        TcpLimits usual = TcpLimits.standard();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                THREADS, THREADS, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(WAITING_MOST), this::thread);
        pool.allowCoreThreadTimeOut(true);
        threads = pool;
        PassThroughListener listener = new PassThroughListener(
                relays,
                endpoint.getListener(),
                TrustedBalancers.parse(endpoint.getProxyProtocolFrom()),
                this::admit,
                new TcpLimits(usual.connectWithin(), IDLE, usual.halfClosed(), endpoint.getMaxConnections()));
        address = listener.start(new InetSocketAddress(endpoint.getBindAddress(), endpoint.getPort()));
        listening = listener;
    }

    @Override
    protected void doStop() throws Exception {
        PassThroughListener listener = listening;
        if (listener != null) {
            listening = null;
            listener.stop();
        }
        ExecutorService used = threads;
        if (used != null) {
            threads = null;
            used.shutdownNow();
        }
        super.doStop();
    }

    private Thread thread(Runnable task) {
        Thread thread = new Thread(task, "relay-" + endpoint.getListener());
        thread.setDaemon(true);
        return thread;
    }

    private CompletableFuture<@Nullable Void> admit(InetSocketAddress client) {
        ExecutorService used = threads;
        if (used == null) {
            return CompletableFuture.failedFuture(new IllegalStateException("the listener is being closed"));
        }
        try {
            return CompletableFuture.runAsync(() -> run(client), used);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void run(InetSocketAddress client) {
        Exchange exchange = createExchange(true);
        exchange.getIn().setBody(new TcpArrival(endpoint.getListener(), client));
        // Whatever a route says of new sessions is said of these, too.
        exchange.getIn().setHeader(PartnerHeaders.OPERATION, "OpenSession");
        exchange.getIn()
                .setHeader(PartnerHeaders.CLIENT_ADDRESS, client.getAddress().getHostAddress());
        exchange.getIn().setHeader(PartnerHeaders.LISTENER, endpoint.getListener());
        exchange.getIn()
                .setHeader(PartnerHeaders.PROTOCOL, endpoint.getProtocol().name());
        try {
            getProcessor().process(exchange);
        } catch (Exception e) { // Camel declares any
            exchange.setException(e);
        }
        Exception failure = exchange.getException();
        if (failure != null) {
            throw new SeraiException(ErrorCode.LOGIN_REFUSED, String.valueOf(failure.getMessage()), failure);
        }
    }

    @Override
    public String listener() {
        return endpoint.getListener();
    }

    @Override
    public Protocol protocol() {
        return endpoint.getProtocol();
    }

    @Override
    public InetSocketAddress address() {
        InetSocketAddress bound = address;
        if (bound == null) {
            throw new IllegalStateException("relay:" + endpoint.getZone() + " is not started");
        }
        return bound;
    }
}
