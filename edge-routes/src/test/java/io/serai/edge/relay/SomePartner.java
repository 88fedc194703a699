package io.serai.edge.relay;

import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.Origin;
import java.net.InetSocketAddress;
import java.util.Optional;

/** Somebody who comes to an edge by SFTP. */
final class SomePartner {
    static final Origin ORIGIN = new Origin(
            Protocol.SFTP,
            "partners",
            new InetSocketAddress("203.0.113.9", 4711),
            new InetSocketAddress("192.0.2.1", 22),
            Optional.of("SSH-2.0-x"));

    private SomePartner() {}

    static OpenSession opens(SessionId session) {
        return new OpenSession(session, ORIGIN);
    }

    /** The same by another protocol. */
    static OpenSession opens(SessionId session, Protocol protocol) {
        return new OpenSession(
                session,
                new Origin(protocol, ORIGIN.listener(), ORIGIN.client(), ORIGIN.local(), ORIGIN.clientSoftware()));
    }
}
