package io.serai.edge.message;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.message.LinkMessages.Bye;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.message.LinkMessages.LinkStatus;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.UploadReceipt;
import java.io.ByteArrayOutputStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Whatever bytes a peer sends as a message: it is read or refused, and nothing else happens. */
class MessageProperties {
    /** Reads a message. */
    private interface Decoder {
        void decode(byte[] payload) throws ProtocolViolation;
    }

    private static void decodeAll(byte[] payload) {
        decode(payload, Hello::decode);
        decode(payload, LinkStatus::decode);
        decode(payload, Bye::decode);
        decode(payload, LinkMessages.Failure::decode);
        decode(payload, OperationCodec.UploadQuery::decode);
        decode(payload, OperationCodec.Resume::decode);
        decode(payload, TcpMessages.Connect::decode);
        decode(payload, TcpMessages.Connected::decode);
        decode(payload, TcpMessages.Accepted::decode);
        decode(payload, EdgeMessages.Servers::decode);
        decode(payload, EdgeMessages.Grant::decode);
        decode(payload, EdgeMessages.EdgeState::decode);
        decode(payload, EdgeMessages.EdgeConfig::decode);
        for (Method method : Method.values()) {
            decode(payload, bytes -> OperationCodec.decode(method, bytes));
        }
        decode(payload, bytes -> ReplyCodec.decode(LoginResult.class, bytes));
        decode(payload, bytes -> ReplyCodec.decode(FolderPage.class, bytes));
        decode(payload, bytes -> ReplyCodec.decode(ReplyCodec.Opened.class, bytes));
        decode(payload, bytes -> ReplyCodec.decode(UploadReceipt.class, bytes));
        decode(payload, bytes -> ReplyCodec.decode(ReplyCodec.Verdict.class, bytes));
    }

    private static void decode(byte[] payload, Decoder decoder) {
        try {
            decoder.decode(payload);
        } catch (ProtocolViolation | SeraiException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }

    @Property(tries = 1_000, shrinking = ShrinkingMode.OFF)
    void anyBytes(@ForAll @Size(max = 100) byte[] payload) {
        decodeAll(payload);
    }

    /** A session and then a field of any number with any bytes: gets past the first checks. */
    @Property(tries = 2_000, shrinking = ShrinkingMode.OFF)
    void anyField(
            @ForAll @IntRange(min = 1, max = 30) int field,
            @ForAll @IntRange(max = 5) int wireType,
            @ForAll @IntRange(max = 40) int length,
            @ForAll @Size(max = 40) byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0x0a);
        out.write(16);
        out.writeBytes("0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        int tag = field << 3 | wireType;
        if (tag > 0x7f) {
            out.write(tag & 0x7f | 0x80);
            out.write(tag >> 7);
        } else {
            out.write(tag);
        }
        if (wireType == FieldWriter.BYTES) {
            out.write(length);
        }
        out.writeBytes(bytes);
        decodeAll(out.toByteArray());
    }
}
