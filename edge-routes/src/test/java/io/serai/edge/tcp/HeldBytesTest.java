package io.serai.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.serai.edge.frame.FrameType;
import org.junit.jupiter.api.Test;

class HeldBytesTest {
    private static ByteBuf read(int bytes) {
        return PooledByteBufAllocator.DEFAULT
                .directBuffer(FrameType.FULL_DATA_BYTES)
                .writeZero(bytes);
    }

    @Test
    void fewBytesHoldNoBufferOfAFullFrame() {
        ByteBuf wide = read(1);
        ByteBuf tight = HeldBytes.tight(wide);
        assertThat(tight.readableBytes()).isEqualTo(1);
        assertThat(tight.capacity()).isLessThan(1_024);
        assertThat(wide.refCnt()).isZero();
        tight.release();
    }

    @Test
    void manyBytesAreNotCopied() {
        ByteBuf full = read(FrameType.FULL_DATA_BYTES);
        assertThat(HeldBytes.tight(full)).isSameAs(full);
        full.release();
    }
}
