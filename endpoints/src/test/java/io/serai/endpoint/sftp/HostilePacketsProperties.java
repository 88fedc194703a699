package io.serai.endpoint.sftp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.serai.config.error.SeraiException;
import io.serai.endpoint.PartnerPort;
import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.sshd.common.util.buffer.Buffer;

/** Whatever bytes come in: no exception gets out, every request has one reply, nothing large is allocated. */
class HostilePacketsProperties {
    private static final int LIMIT = 40_000;
    private static final int INIT = 1;

    private final SftpSession session = new SftpSession(null, "test", refusingPort(), Runnable::run);

    private static PartnerPort refusingPort() {
        return new PartnerPort(new DefaultCamelContext().getEndpoint("direct:none"), exchange -> {
            throw new IllegalStateException("refused");
        });
    }

    @Property(tries = 500, shrinking = ShrinkingMode.OFF)
    void everyPacketIsAnsweredOnce(@ForAll @IntRange(max = 255) int type, @ForAll @Size(max = 200) byte[] rest) {
        SftpRequests requests = new SftpRequests(session, new SftpLimits(LIMIT, 3));
        answer(requests, new byte[] {INIT, 0, 0, 0, 3});
        byte[] packet =
                ByteBuffer.allocate(rest.length + 1).put((byte) type).put(rest).array();
        Buffer reply = answer(requests, packet);
        assertThat(reply.getInt()).isEqualTo(reply.available());
        assertThat(reply.getUByte()).isBetween(2, 201);
    }

    private static Buffer answer(SftpRequests requests, byte[] packet) {
        return requests.answer(packet);
    }

    @Property(tries = 300, shrinking = ShrinkingMode.OFF)
    void anAssemblerNeverAllocatesBeyondItsLimit(
            @ForAll @Size(max = 64) byte[] bytes, @ForAll @IntRange(min = 1, max = 9) int pieceLength) {
        List<byte[]> packets = new ArrayList<>();
        PacketAssembler assembler = new PacketAssembler(32, packets::add);
        try {
            for (int at = 0; at < bytes.length; at += pieceLength) {
                assembler.accept(bytes, at, Math.min(pieceLength, bytes.length - at));
            }
        } catch (SeraiException e) {
            assertThat(e).hasMessageContaining("announced");
        }
        assertThat(packets).allMatch(packet -> packet.length >= 1 && packet.length <= 32);
    }

    @Property(tries = 300, shrinking = ShrinkingMode.OFF)
    void anAssemblerFindsThePacketsHoweverTheyAreCut(
            @ForAll @Size(min = 1, max = 20) List<@Size(min = 1, max = 30) byte[]> sent,
            @ForAll @IntRange(min = 1, max = 50) int pieceLength) {
        int total = sent.stream().mapToInt(packet -> packet.length + 4).sum();
        ByteBuffer stream = ByteBuffer.allocate(total);
        sent.forEach(packet -> stream.putInt(packet.length).put(packet));
        List<byte[]> packets = new ArrayList<>();
        PacketAssembler assembler = new PacketAssembler(32, packets::add);
        for (int at = 0; at < total; at += pieceLength) {
            assembler.accept(stream.array(), at, Math.min(pieceLength, total - at));
        }
        assertThat(packets).hasSameSizeAs(sent);
        for (int i = 0; i < sent.size(); i++) {
            assertThat(Arrays.equals(packets.get(i), sent.get(i))).isTrue();
        }
    }

    @Property(tries = 300, shrinking = ShrinkingMode.OFF)
    void aSignatureOfRandomBytesIsRefused(
            @ForAll @Size(max = 100) byte[] blob,
            @ForAll @Size(max = 100) byte[] signature,
            @ForAll @IntRange(max = 3) int algorithm) {
        String name = List.of("ssh-ed25519", "rsa-sha2-512", "ecdsa-sha2-nistp256", "")
                .get(algorithm);
        SshPublicKey key = new SshPublicKey(name, blob);
        assertThatCode(() -> assertThat(SignatureProof.verify(key, new SshSignature(new byte[32], signature), "acme"))
                        .isFalse())
                .doesNotThrowAnyException();
    }
}
