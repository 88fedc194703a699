package io.serai.edge.link;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.message.LinkMessages.Bye;
import io.serai.edge.message.LinkMessages.Hello;
import java.util.Optional;

/** What a connection needs of whoever made it. All calls come on the connection's event loop. */
interface ConnectionOwner {
    /** The HELLO to begin with; empty for the side that answers. */
    Optional<Hello> greeting();

    /** Looks at the peer's HELLO. */
    sealed interface Welcome {
        /** Go on, with this HELLO where none was sent before. */
        record Accepted(Hello answer) implements Welcome {}

        record Refused(Bye why) implements Welcome {}
    }

    Welcome greeted(LinkConnection connection, Hello peer);

    void ready(LinkConnection connection);

    /** Called once, also for a connection that never was ready; it is out of use before its requests and streams fail. */
    void closed(LinkConnection connection, Optional<Bye> bye, String why);

    /** The link that a ready connection belongs to; it takes what comes on it. */
    Link link();

    void violated(LinkConnection connection, ProtocolViolation violation);
}
