package io.serai.edge.link;

import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.tls.Pin;
import java.net.SocketAddress;
import java.util.List;
import java.util.UUID;

/**
 * The other end of a link.
 *
 * @param node its name, for which its key is trusted to speak
 * @param minor the minor version that is spoken with it
 * @param capabilities what both ends can beyond that
 */
public record LinkPeer(
        String node,
        UUID boot,
        UUID link,
        Pin pin,
        SocketAddress address,
        String software,
        int minor,
        List<String> capabilities,
        String zone) {
    static LinkPeer of(Hello hello, LinkNode self, Pin pin, SocketAddress address) {
        return new LinkPeer(
                hello.node(),
                hello.boot(),
                hello.link(),
                pin,
                address,
                hello.software(),
                Math.min(hello.minorMax(), self.minorMax()),
                hello.capabilities().stream()
                        .filter(self.capabilities()::contains)
                        .toList(),
                hello.zone());
    }
}
