package io.serai.endpoint.http;

import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import io.serai.endpoint.BoundListener;
import io.serai.endpoint.PartnerPort;
import io.serai.endpoint.SessionControl;
import io.serai.endpoint.handover.HandedConnection;
import io.serai.endpoint.handover.HandoverListener;
import java.net.InetSocketAddress;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.jspecify.annotations.Nullable;

/** One HTTPS listener; its life is the route's. */
public class HttpServerConsumer extends DefaultConsumer implements BoundListener, HandoverListener, SessionControl {
    private final HttpServerEndpoint endpoint;
    private final PartnerPort port;
    private volatile @Nullable HttpListener running;

    HttpServerConsumer(HttpServerEndpoint endpoint, Processor processor, PartnerPort port) {
        super(endpoint, processor);
        this.endpoint = endpoint;
        this.port = port;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        HttpListener listener = new HttpListener(endpoint, port);
        listener.start();
        running = listener;
    }

    @Override
    protected void doStop() throws Exception {
        HttpListener listener = running;
        if (listener != null) {
            running = null;
            listener.stop();
        }
        super.doStop();
    }

    @Override
    public String listener() {
        return endpoint.getListener();
    }

    @Override
    public Protocol protocol() {
        return Protocol.HTTPS;
    }

    @Override
    public InetSocketAddress address() {
        return listening().address();
    }

    @Override
    public boolean take(HandedConnection connection) {
        HttpListener listener = running;
        return listener != null && listener.take(connection);
    }

    @Override
    public boolean end(SessionId session, String reason) {
        HttpListener listener = running;
        return listener != null && listener.end(session, reason);
    }

    private HttpListener listening() {
        HttpListener listener = running;
        if (listener == null) {
            throw new IllegalStateException("http-server:" + endpoint.getListener() + " is not started");
        }
        return listener;
    }
}
