package io.serai.edge.enrol;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.tls.Pin;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import javax.net.ssl.SSLSocket;

/** One conversation, from either side: its messages, and the proofs that they carry. For one thread. */
final class EnrolmentTalk implements Closeable {
    static final int NONCE_BYTES = 32;
    static final int MAC_BYTES = 32;
    private static final int MOST_BYTES = 128 << 10;

    /** The messages; the number travels. */
    enum Kind {
        HELLO,
        PROOF,
        ANSWER,
        DONE,
        ACK,
        /** The proof is wrong. */
        REFUSED
    }

    /** Whose proof. */
    enum Side {
        SERVER,
        EDGE
    }

    /** The peer's proof is wrong: it knows another code, or somebody is in between. */
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    /** What both sides have seen; the same on both only if nobody is in between. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Seen(byte[] serverNonce, byte[] edgeNonce, Pin server, Pin edge, byte[] grant) {
        byte[] proof(EnrolmentCode code, Side side) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (DataOutputStream out = new DataOutputStream(bytes)) {
                out.writeUTF("serai-enrol/1");
                out.writeUTF(side.name());
                out.write(serverNonce);
                out.write(edgeNonce);
                out.writeUTF(server.hex());
                out.writeUTF(edge.hex());
                out.writeInt(grant.length);
                out.write(grant);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            return code.sign(bytes.toByteArray());
        }

        boolean isProof(EnrolmentCode code, Side side, byte[] given) {
            return MessageDigest.isEqual(proof(code, side), given);
        }
    }

    private final SSLSocket socket;
    private final long deadlineNanos;

    EnrolmentTalk(SSLSocket socket, Duration within) {
        this.socket = socket;
        this.deadlineNanos = System.nanoTime() + within.toNanos();
    }

    static byte[] nonce() {
        byte[] nonce = new byte[NONCE_BYTES];
        new SecureRandom().nextBytes(nonce);
        return nonce;
    }

    void send(Kind kind, byte[] payload) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(payload.length + 5);
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeByte(kind.ordinal());
        out.writeInt(payload.length);
        out.write(payload);
        socket.getOutputStream().write(bytes.toByteArray());
        socket.getOutputStream().flush();
    }

    /** The next message, which must be this one and, unless it varies, have this length. */
    byte[] receive(Kind expected, int bytes) throws IOException, ProtocolViolation {
        byte[] payload = receive(expected);
        if (payload.length != bytes) {
            throw new ProtocolViolation(expected + " of " + payload.length + " bytes");
        }
        return payload;
    }

    byte[] receive(Kind expected) throws IOException, ProtocolViolation {
        hurry();
        DataInputStream in = new DataInputStream(new Hurried());
        int kind = in.readUnsignedByte();
        int length = in.readInt();
        if (kind == Kind.REFUSED.ordinal()) {
            throw new Refused("the edge was started with another code, or somebody is in between");
        }
        if (kind != expected.ordinal() || length < 0 || length > MOST_BYTES) {
            throw new ProtocolViolation("message " + kind + " of " + length + " bytes where " + expected + " was due");
        }
        byte[] payload = new byte[length];
        in.readFully(payload);
        return payload;
    }

    /** A peer that sends a byte now and then must not hold the conversation for ever. */
    private final class Hurried extends java.io.InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            hurry();
            return socket.getInputStream().read(bytes, offset, length);
        }
    }

    private void hurry() throws IOException {
        long left = (deadlineNanos - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
            throw new java.net.SocketTimeoutException("the peer did not finish in time");
        }
        socket.setSoTimeout((int) Math.min(left, Integer.MAX_VALUE));
    }

    static byte[] joined(byte[] mac, byte[] grant) {
        byte[] both = java.util.Arrays.copyOf(mac, mac.length + grant.length);
        System.arraycopy(grant, 0, both, mac.length, grant.length);
        return both;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
