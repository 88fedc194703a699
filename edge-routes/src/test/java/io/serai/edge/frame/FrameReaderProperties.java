package io.serai.edge.frame;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.serai.edge.ProtocolViolation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

/** Whatever the bytes are and however they are cut: nothing but a violation gets out, and nothing is lost or invented. */
class FrameReaderProperties {
    private static final byte[] HELLO = {0, 0, 0, 1, 0, 0, 0, 0};

    /** Writes down what it hears, and checks what every reader promises. */
    private static final class Log implements FrameHandler {
        final List<String> frames = new ArrayList<>();
        private StringBuilder data = new StringBuilder();
        private long next;
        private long left;

        @Override
        public void frame(FrameType type, int id, byte[] payload) {
            assertThat(left).isZero();
            assertThat(type.allows(payload.length)).isTrue();
            assertThat(id == 0).isEqualTo(type.isOfTheConnection());
            frames.add(type + " " + id + " " + ByteBufUtil.hexDump(payload));
        }

        @Override
        public void dataBegins(int id, long offset, int count) {
            assertThat(left).isZero();
            assertThat(count).isBetween(1, FrameType.DATA_BYTES);
            assertThat(offset).isNotNegative();
            next = offset;
            left = count;
            data = new StringBuilder("DATA " + id + " " + offset + " ");
        }

        @Override
        public void data(int id, long offset, ByteBuf bytes) {
            assertThat(offset).isEqualTo(next);
            assertThat(bytes.readableBytes()).isPositive();
            next += bytes.readableBytes();
            left -= bytes.readableBytes();
            assertThat(left).isNotNegative();
            data.append(ByteBufUtil.hexDump(bytes));
            if (left == 0) {
                frames.add(data.toString());
            }
        }

        @Override
        public void ignored(int type) {
            assertThat(type & FrameType.IGNORABLE).isNotZero();
            frames.add("ignored " + type);
        }
    }

    private static Log read(byte[] bytes, int piece) throws ProtocolViolation {
        Log log = new Log();
        FrameReader reader = new FrameReader();
        reader.read(Unpooled.wrappedBuffer(HELLO), log);
        for (int at = 0; at < bytes.length; at += piece) {
            ByteBuf next = Unpooled.wrappedBuffer(bytes, at, Math.min(piece, bytes.length - at));
            reader.read(next, log);
            assertThat(next.isReadable()).isFalse();
        }
        return log;
    }

    @Property(tries = 2_000, shrinking = ShrinkingMode.OFF)
    void anyBytesAreFramesOrAViolation(
            @ForAll @Size(max = 300) byte[] bytes, @ForAll @IntRange(min = 1, max = 20) int piece) {
        try {
            read(bytes, piece);
        } catch (ProtocolViolation e) {
            assertThat(e.text()).isNotEmpty();
        }
    }

    /** Bytes that begin as frames do get further than random ones. */
    @Property(tries = 3_000, shrinking = ShrinkingMode.OFF)
    void likelyHeadersWithAnyBodyAreFramesOrAViolation(
            @ForAll @IntRange(max = 40) int length,
            @ForAll @IntRange(max = 255) int type,
            @ForAll int id,
            @ForAll @Size(max = 100) byte[] rest,
            @ForAll @IntRange(min = 1, max = 50) int piece) {
        byte[] bytes = ByteBuffer.allocate(8 + rest.length)
                .putInt(length << 8 | type)
                .putInt(id)
                .put(rest)
                .array();
        try {
            read(bytes, piece);
        } catch (ProtocolViolation e) {
            assertThat(e.text()).isNotEmpty();
        }
    }

    @Property(tries = 500)
    void whatIsWrittenIsReadHoweverItIsCut(
            @ForAll @Size(max = 5_000) byte[] payload,
            @ForAll @LongRange(min = 0) long offset,
            @ForAll @IntRange(min = 1, max = 0x3fff_ffff) int id,
            @ForAll @IntRange(min = 1, max = 700) int piece)
            throws ProtocolViolation {
        UnpooledByteBufAllocator allocator = UnpooledByteBufAllocator.DEFAULT;
        ByteBuf all = Unpooled.buffer();
        List<ByteBuf> frames = new ArrayList<>();
        long where = Math.min(offset, Long.MAX_VALUE - payload.length);
        frames.add(FrameWriter.coded(allocator, FrameType.REQUEST, id, 16, payload));
        frames.add(FrameWriter.credit(allocator, id, 5, where));
        if (payload.length > 0) {
            frames.add(FrameWriter.data(allocator, id, where, ByteBuffer.wrap(payload), payload.length));
        }
        frames.add(FrameWriter.seek(allocator, id, where, 1));
        for (ByteBuf frame : frames) {
            all.writeBytes(frame);
            frame.release();
        }
        byte[] bytes = ByteBufUtil.getBytes(all);
        List<String> read = read(bytes, piece).frames;
        assertThat(read).isEqualTo(read(bytes, bytes.length).frames).hasSize(1 + frames.size());
        assertThat(read.get(1)).isEqualTo("REQUEST " + id + " 0010" + ByteBufUtil.hexDump(payload));
        if (payload.length > 0) {
            assertThat(read.get(3)).isEqualTo("DATA " + id + " " + where + " " + ByteBufUtil.hexDump(payload));
        }
    }

    @Property(tries = 200)
    void whatMayBeIgnoredIsSkippedWhole(
            @ForAll @IntRange(min = 0x80, max = 0xff) int type,
            @ForAll @Size(max = 2_000) byte[] payload,
            @ForAll @IntRange(min = 1, max = 700) int piece)
            throws ProtocolViolation {
        byte[] bytes = ByteBuffer.allocate(8 + payload.length + 16)
                .putInt(payload.length << 8 | type)
                .putInt(7)
                .put(payload)
                .putInt(8 << 8 | FrameType.PING.number())
                .putInt(0)
                .putLong(1)
                .array();
        assertThat(read(bytes, piece).frames).containsExactly("HELLO 0 ", "ignored " + type, "PING 0 0000000000000001");
    }
}
