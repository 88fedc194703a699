package io.serai.edge.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The bytes of every frame, as the specification has them. They may never change. */
class FrameGoldenTest {
    private static final ByteBufAllocator A = UnpooledByteBufAllocator.DEFAULT;

    private static String hex(ByteBuf frame) {
        String hex = ByteBufUtil.hexDump(frame);
        frame.release();
        return hex;
    }

    @Test
    void framesOfTheConnection() {
        assertThat(hex(FrameWriter.message(A, FrameType.HELLO, 0, new byte[] {8, 1})))
                .isEqualTo("0000020100000000" + "0801");
        assertThat(hex(FrameWriter.ping(A, FrameType.PING, 0x0102030405060708L)))
                .isEqualTo("0000080200000000" + "0102030405060708");
        assertThat(hex(FrameWriter.ping(A, FrameType.PONG, -1))).isEqualTo("0000080300000000" + "ffffffffffffffff");
        assertThat(hex(FrameWriter.message(A, FrameType.LINK_STATUS, 0, new byte[] {8, 1})))
                .isEqualTo("0000020400000000" + "0801");
        assertThat(hex(FrameWriter.message(A, FrameType.BYE, 0, new byte[0]))).isEqualTo("0000000500000000");
    }

    @Test
    void framesOfRequests() {
        assertThat(hex(FrameWriter.coded(A, FrameType.REQUEST, 1, 16, new byte[] {5})))
                .isEqualTo("0000031000000001" + "0010" + "05");
        assertThat(hex(FrameWriter.coded(A, FrameType.REPLY, 1, 258, new byte[0])))
                .isEqualTo("0000021100000001" + "0102");
        assertThat(hex(FrameWriter.message(A, FrameType.CANCEL, 0x01020304, new byte[0])))
                .isEqualTo("0000001201020304");
        assertThat(hex(FrameWriter.coded(A, FrameType.EVENT, 0, 1, new byte[] {7})))
                .isEqualTo("0000031300000000" + "0001" + "07");
    }

    @Test
    void framesOfStreams() {
        assertThat(hex(FrameWriter.coded(A, FrameType.OPEN, 3, 33, new byte[] {1})))
                .isEqualTo("0000032000000003" + "0021" + "01");
        assertThat(hex(FrameWriter.message(A, FrameType.OPENED, 3, new byte[] {9})))
                .isEqualTo("0000012100000003" + "09");
        assertThat(hex(FrameWriter.data(A, 3, 0x100000000L, ByteBuffer.wrap(new byte[] {1, 2, 3}), 2)))
                .isEqualTo("00000a2200000003" + "0000000100000000" + "0102");
        assertThat(hex(FrameWriter.credit(A, 3, 65_536, 7)))
                .isEqualTo("00000c2300000003" + "00010000" + "0000000000000007");
        assertThat(hex(FrameWriter.message(A, FrameType.END, 3, new byte[] {4})))
                .isEqualTo("0000012400000003" + "04");
        assertThat(hex(FrameWriter.coded(A, FrameType.RESULT, 3, 8, new byte[0])))
                .isEqualTo("0000022500000003" + "0008");
        assertThat(hex(FrameWriter.reset(A, 3, 20, "é"))).isEqualTo("0000042600000003" + "0014" + "c3a9");
        assertThat(hex(FrameWriter.seek(A, 3, 9, 2))).isEqualTo("00000c2700000003" + "0000000000000009" + "00000002");
    }

    @Test
    void everyTypeHasTheNumberOfTheSpecification() {
        assertThat(EnumSet.allOf(FrameType.class).stream().map(type -> type + "=" + Integer.toHexString(type.number())))
                .containsExactly(
                        "HELLO=1",
                        "PING=2",
                        "PONG=3",
                        "LINK_STATUS=4",
                        "BYE=5",
                        "REQUEST=10",
                        "REPLY=11",
                        "CANCEL=12",
                        "EVENT=13",
                        "OPEN=20",
                        "OPENED=21",
                        "DATA=22",
                        "CREDIT=23",
                        "END=24",
                        "RESULT=25",
                        "RESET=26",
                        "SEEK=27");
        assertThat(Set.of(FrameType.values())).noneMatch(type -> (type.number() & FrameType.IGNORABLE) != 0);
    }

    @Test
    void theWriterRefusesWhatTheReaderWould() {
        assertThatThrownBy(() -> FrameWriter.message(A, FrameType.CANCEL, 1, new byte[1]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FrameWriter.coded(A, FrameType.REQUEST, 1, 1, new byte[FrameType.MESSAGE_BYTES - 1]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FrameWriter.data(A, 1, 0, ByteBuffer.allocate(70_000), 70_000))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aDataFrameTakesFromTheBufferWhatItCarries() {
        ByteBuffer bytes = ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5}).limit(4).position(1);
        FrameWriter.data(A, 3, 0, bytes, 2).release();
        assertThat(bytes.position()).isEqualTo(3);
        assertThat(bytes.limit()).isEqualTo(4);
    }
}
