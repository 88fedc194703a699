package io.serai.endpoint.sftp;

import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import io.serai.endpoint.BoundListener;
import io.serai.endpoint.PartnerPort;
import io.serai.endpoint.SessionControl;
import io.serai.endpoint.handover.HandedConnection;
import io.serai.endpoint.handover.HandoverListener;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.jspecify.annotations.Nullable;

/** Holds the listener while the route runs. Stopping gives running transfers most of Camel's shutdown timeout. */
public final class SftpServerConsumer extends DefaultConsumer
        implements BoundListener, HandoverListener, SessionControl {
    private static final double PATIENCE_SHARE = 0.8;

    private final SftpServerEndpoint endpoint;
    private volatile @Nullable SshListener listener;
    private @Nullable ExecutorService workers;

    SftpServerConsumer(SftpServerEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
        this.endpoint = endpoint;
    }

    @Override
    public String listener() {
        return endpoint.getName();
    }

    @Override
    public Protocol protocol() {
        return Protocol.SFTP;
    }

    @Override
    public InetSocketAddress address() {
        SshListener bound = listener;
        if (bound == null) {
            throw new IllegalStateException("The listener " + endpoint.getName() + " is not started");
        }
        return bound.address();
    }

    @Override
    public boolean take(HandedConnection connection) {
        SshListener bound = listener;
        return bound != null && bound.take(connection);
    }

    @Override
    public boolean end(SessionId session, String reason) {
        SshListener bound = listener;
        return bound != null && bound.end(session, reason);
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        workers = endpoint.getCamelContext()
                .getExecutorServiceManager()
                .newCachedThreadPool(this, "sftp-server-" + endpoint.getName());
        SshListener starting = new SshListener(
                endpoint.getName(), endpoint.options(), new PartnerPort(endpoint, getProcessor()), workers);
        starting.start();
        listener = starting;
    }

    @Override
    protected void doStop() throws Exception {
        SshListener bound = listener;
        listener = null;
        if (bound != null) {
            bound.stop(patience());
        }
        if (workers != null) {
            endpoint.getCamelContext().getExecutorServiceManager().shutdownGraceful(workers);
            workers = null;
        }
        super.doStop();
    }

    private Duration patience() {
        var strategy = endpoint.getCamelContext().getShutdownStrategy();
        return Duration.ofMillis((long) (strategy.getTimeUnit().toMillis(strategy.getTimeout()) * PATIENCE_SHARE));
    }
}
