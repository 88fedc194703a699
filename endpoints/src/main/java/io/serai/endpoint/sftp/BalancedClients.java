package io.serai.endpoint.sftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.proxy.ProxyHeader;
import io.serai.endpoint.proxy.TrustedBalancers;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.session.AbstractServerSession;
import org.apache.sshd.server.session.ServerProxyAcceptor;
import org.apache.sshd.server.session.ServerSession;

/**
 * Reads the PROXY header of each connection, which comes before the client's identification. MINA asks again with the same
 * bytes as long as the identification is not complete, so this may be called more than once with a whole header.
 */
final class BalancedClients implements ServerProxyAcceptor {
    private static final AttributeKey<Boolean> HEADER_CAME = new AttributeKey<>();

    @Override
    public boolean acceptServerProxyMetadata(ServerSession session, Buffer buffer) {
        ByteBuffer bytes = ByteBuffer.wrap(buffer.array(), buffer.rpos(), buffer.available());
        Optional<ProxyHeader> header = ProxyHeader.read(bytes);
        if (header.isEmpty()) {
            return false;
        }
        buffer.rpos(bytes.position());
        session.setAttribute(HEADER_CAME, true);
        header.get().client().ifPresent(((AbstractServerSession) session)::setClientAddress);
        return true;
    }

    /** To be called when {@link TrustedBalancers#HEADER_LIMIT} has passed since the connection came. */
    static void closeWithoutHeader(ServerSession session) {
        if (session.getAttribute(HEADER_CAME) == null && session.isOpen()) {
            session.exceptionCaught(new SeraiException(
                    ErrorCode.INVALID,
                    "The PROXY header of " + session.getIoSession().getRemoteAddress() + " did not come in time"));
            session.close(true);
        }
    }
}
