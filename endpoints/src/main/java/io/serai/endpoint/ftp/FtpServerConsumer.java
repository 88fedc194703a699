package io.serai.endpoint.ftp;

import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import io.serai.endpoint.BoundListener;
import io.serai.endpoint.PartnerPort;
import io.serai.endpoint.SessionControl;
import java.net.InetSocketAddress;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.jspecify.annotations.Nullable;

/** One FTPS listener; its life is the route's. */
public class FtpServerConsumer extends DefaultConsumer implements BoundListener, SessionControl {
    private final FtpServerEndpoint endpoint;
    private final PartnerPort port;
    private @Nullable FtpListener running;

    FtpServerConsumer(FtpServerEndpoint endpoint, Processor processor, PartnerPort port) {
        super(endpoint, processor);
        this.endpoint = endpoint;
        this.port = port;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        FtpListener listener = new FtpListener(endpoint, port);
        listener.start();
        running = listener;
    }

    @Override
    protected void doStop() throws Exception {
        FtpListener listener = running;
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
        return Protocol.FTPS;
    }

    @Override
    public InetSocketAddress address() {
        return listening().address();
    }

    @Override
    public boolean end(SessionId session, String reason) {
        FtpListener listener = running;
        return listener != null && listener.end(session, reason);
    }

    private FtpListener listening() {
        FtpListener listener = running;
        if (listener == null) {
            throw new IllegalStateException("ftp-server:" + endpoint.getListener() + " is not started");
        }
        return listener;
    }
}
