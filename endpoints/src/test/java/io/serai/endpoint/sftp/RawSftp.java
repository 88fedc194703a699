package io.serai.endpoint.sftp;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.channel.ChannelSubsystem;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/** An SFTP client that sends what it is told to, byte by byte. */
final class RawSftp implements AutoCloseable {
    static final int READ = 0x01;
    static final int WRITE = 0x02;
    static final int APPEND = 0x04;
    static final int CREATE = 0x08;
    static final int TRUNCATE = 0x10;
    static final int EXCLUSIVE = 0x20;

    private static final Duration LIMIT = Duration.ofSeconds(20);

    final SshClient client;
    final ClientSession session;
    final ChannelSubsystem channel;
    private final DataInputStream replies;
    private int id;

    /** One reply: its type, and its body behind the request id. */
    record Reply(int type, int id, Buffer body) {
        int status() {
            if (type != 101) {
                throw new IllegalStateException("A reply of type " + type + " is no status");
            }
            return body.getInt();
        }
    }

    RawSftp(SftpFixture server) throws Exception {
        client = newClient();
        session = client.connect(SftpFixture.USER, "127.0.0.1", server.port())
                .verify(LIMIT)
                .getSession();
        session.addPasswordIdentity(SftpFixture.PASSWORD);
        session.auth().verify(LIMIT);
        channel = session.createSubsystemChannel("sftp");
        channel.open().verify(LIMIT);
        replies = new DataInputStream(channel.getInvertedOut());
        Buffer init = new ByteArrayBuffer();
        init.putByte((byte) 1);
        init.putUInt(3);
        send(framed(init));
        Buffer version = new ByteArrayBuffer(packet());
        if (version.getByte() != 2 || version.getInt() != 3) {
            throw new IOException("No VERSION 3");
        }
    }

    static SshClient newClient() {
        SshClient client = SshClient.setUpDefaultClient();
        client.setServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE);
        client.start();
        return client;
    }

    /** Begins a request; its fields are to be put behind. */
    Buffer request(int type) {
        Buffer request = new ByteArrayBuffer();
        request.putByte((byte) type);
        request.putUInt(++id);
        return request;
    }

    /** Puts the length in front. */
    static byte[] framed(Buffer request) {
        Buffer framed = new ByteArrayBuffer();
        framed.putBytes(request.getCompactData());
        return framed.getCompactData();
    }

    /** Sends bytes as they are, in one channel message if they fit. */
    void send(byte[]... pieces) throws IOException {
        Buffer all = new ByteArrayBuffer();
        for (byte[] piece : pieces) {
            all.putRawBytes(piece);
        }
        channel.getInvertedIn().write(all.getCompactData());
        channel.getInvertedIn().flush();
    }

    Reply call(Buffer request) throws IOException {
        send(framed(request));
        return reply();
    }

    Reply reply() throws IOException {
        Buffer packet = new ByteArrayBuffer(packet());
        return new Reply(packet.getUByte(), packet.getInt(), packet);
    }

    private byte[] packet() throws IOException {
        byte[] packet = new byte[replies.readInt()];
        replies.readFully(packet);
        return packet;
    }

    byte[] open(String path, int flags) throws IOException {
        Reply reply = tryOpen(path, flags);
        if (reply.type() != 102) {
            throw new IOException("OPEN answered with status " + reply.status());
        }
        return reply.body().getBytes();
    }

    Reply tryOpen(String path, int flags) throws IOException {
        Buffer open = request(3);
        open.putBytes(path.getBytes(StandardCharsets.UTF_8));
        open.putUInt(flags);
        open.putUInt(0);
        return call(open);
    }

    Buffer write(byte[] handle, long offset, byte[] data) {
        Buffer write = request(6);
        write.putBytes(handle);
        write.putLong(offset);
        write.putBytes(data);
        return write;
    }

    Buffer close(byte[] handle) {
        Buffer close = request(4);
        close.putBytes(handle);
        return close;
    }

    Buffer onPath(int type, String path) {
        Buffer request = request(type);
        request.putString(path);
        return request;
    }

    @Override
    public void close() {
        session.close(true);
        client.stop();
    }
}
