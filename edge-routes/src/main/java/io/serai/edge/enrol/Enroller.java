package io.serai.edge.enrol;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.enrol.EnrolmentTalk.Kind;
import io.serai.edge.enrol.EnrolmentTalk.Seen;
import io.serai.edge.enrol.EnrolmentTalk.Side;
import io.serai.edge.message.EdgeMessages.Grant;
import io.serai.edge.tls.FirstContact;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.Pin;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** The server's side of an enrolment: proves the code to an edge, and takes the key of the one that proves it too. */
public final class Enroller {
    private static final Duration CONNECT_WITHIN = Duration.ofSeconds(5);
    private static final Duration TALK_WITHIN = Duration.ofSeconds(20);

    private final LinkIdentity self;
    private final EnrolmentCode code;
    private final SSLContext tls;
    private Optional<Pin> recorded = Optional.empty();

    /** How a try ended. */
    public enum Outcome {
        /** Both sides have each other's keys, and the edge said so. */
        ENROLLED,
        /** The edge's key is recorded here, but the edge may not know that; to be tried again. */
        UNCONFIRMED,
        /** Nobody who knows the enrolment is there, yet; to be tried again. */
        UNREACHABLE,
        /** Somebody is there who does not know the code. */
        REFUSED
    }

    /** @param text for people */
    public record Try(Outcome outcome, String text) {}

    public Enroller(LinkIdentity self, EnrolmentCode code) {
        this.self = self;
        this.code = code;
        this.tls = FirstContact.context(LinkRole.SERVER, self);
    }

    /**
     * One try.
     *
     * @param record keeps the edge's key for good; what it throws ends the try
     */
    public synchronized Try meet(InetSocketAddress address, Grant grant, Consumer<Pin> record) {
        try (Socket plain = new Socket()) {
            plain.connect(address, (int) CONNECT_WITHIN.toMillis());
            plain.setSoTimeout((int) TALK_WITHIN.toMillis());
            SSLSocket socket = (SSLSocket)
                    tls.getSocketFactory().createSocket(plain, address.getHostString(), address.getPort(), true);
            try (EnrolmentTalk talk = new EnrolmentTalk(socket, TALK_WITHIN)) {
                Pin edge = FirstContact.shake(socket, LinkRole.SERVER);
                return talk(talk, edge, grant, record);
            }
        } catch (EnrolmentTalk.Refused e) {
            return new Try(Outcome.REFUSED, String.valueOf(e.getMessage()));
        } catch (ProtocolViolation e) {
            return new Try(Outcome.REFUSED, "what answers there does not follow the protocol: " + e.text());
        } catch (IOException e) {
            Outcome outcome = recorded.isPresent() ? Outcome.UNCONFIRMED : Outcome.UNREACHABLE;
            return new Try(outcome, address + ": " + e.getMessage());
        }
    }

    private Try talk(EnrolmentTalk talk, Pin edge, Grant grant, Consumer<Pin> record)
            throws IOException, ProtocolViolation {
        byte[] nonce = EnrolmentTalk.nonce();
        talk.send(Kind.HELLO, nonce);
        byte[] edgeNonce = talk.receive(Kind.HELLO, EnrolmentTalk.NONCE_BYTES);
        byte[] granted = grant.encode();
        Seen seen = new Seen(nonce, edgeNonce, self.pin(), edge, granted);
        talk.send(Kind.PROOF, EnrolmentTalk.joined(seen.proof(code, Side.SERVER), granted));
        byte[] answer = talk.receive(Kind.ANSWER, EnrolmentTalk.MAC_BYTES);
        if (!seen.isProof(code, Side.EDGE, answer)) {
            throw new EnrolmentTalk.Refused("what answers there does not know the code");
        }
        if (recorded.isPresent() && !recorded.get().equals(edge)) {
            throw new EnrolmentTalk.Refused("another key than the one that this code has enrolled");
        }
        record.accept(edge);
        recorded = Optional.of(edge);
        talk.send(Kind.DONE, new byte[0]);
        var unused = talk.receive(Kind.ACK, 0);
        return new Try(Outcome.ENROLLED, "the edge " + grant.edge() + " has the key " + edge);
    }
}
