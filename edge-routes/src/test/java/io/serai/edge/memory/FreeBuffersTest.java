package io.serai.edge.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.internal.PlatformDependent;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FreeBuffersTest {
    private static final int ARENAS = 3;
    private static final int PAGE = 8 << 10;
    /** With chunks of 4 MiB, one for each arena here, and no buffers that threads keep, as at an edge. */
    private final PooledByteBufAllocator pool = new PooledByteBufAllocator(true, 0, ARENAS, PAGE, 9, 0, 0, false);

    private final List<ByteBuf> inUse = new ArrayList<>();

    private record Freed(long address, int bytes) {}

    @AfterEach
    void release() {
        inUse.forEach(ByteBuf::release);
    }

    @Test
    void overwritesWhatIsFreeAndNothingElse() throws InterruptedException {
        List<Freed> freed = new ArrayList<>();
        for (int i = 0; i < 2 * ARENAS; i++) {
            Thread user = new Thread(() -> freed.addAll(use()));
            user.start();
            user.join();
        }
        assertThat(freed).anyMatch(one -> !isWiped(one));

        assertThat(FreeBuffers.wipe(pool)).isTrue();

        assertThat(freed).allMatch(FreeBuffersTest::isWiped);
        for (ByteBuf buffer : inUse) {
            for (int i = 0; i < buffer.capacity(); i++) {
                assertThat(buffer.getByte(i)).isEqualTo((byte) 'k');
            }
        }
    }

    @Test
    void takesNoMoreMemoryHoweverOften() {
        use();
        FreeBuffers.wipe(pool);
        long before = pool.metric().usedDirectMemory();
        for (int i = 0; i < 20; i++) {
            assertThat(FreeBuffers.wipe(pool)).isTrue();
        }

        assertThat(pool.metric().usedDirectMemory()).isEqualTo(before);
        assertThat(pool.metric().directArenas()).allMatch(arena -> arena.numThreadCaches() <= 1);
    }

    @Test
    void knowsHowMuchDirectMemoryIsUsed() {
        long before = FreeBuffers.usedBytes();
        ByteBuf large = pool.directBuffer(16 << 20, 16 << 20);
        try {
            assertThat(FreeBuffers.usedBytes()).isGreaterThanOrEqualTo(before + (16 << 20));
        } finally {
            large.release();
        }
    }

    @Test
    void takesNothingWhereOthersWouldFindNoRoom() {
        List<Freed> freed = use();
        assertThat(FreeBuffers.wipe(pool, () -> 47 << 20)).isFalse();
        assertThat(freed).noneMatch(FreeBuffersTest::isWiped);
        assertThat(FreeBuffers.wipe(pool, () -> 48 << 20)).isTrue();
        assertThat(freed).allMatch(FreeBuffersTest::isWiped);
    }

    /** Uses buffers of all kinds of sizes, and keeps one of each size. */
    private List<Freed> use() {
        List<Freed> freed = new ArrayList<>();
        List<ByteBuf> released = new ArrayList<>();
        for (int size : new int[] {16, 80, 100, 300, 1_000, 2_500, PAGE, 14_336, 20_000, 33_000, 65_536}) {
            for (int i = 0; i < 5; i++) {
                ByteBuf buffer = pool.directBuffer(size, size);
                for (int at = 0; at < size; at++) {
                    buffer.setByte(at, i == 2 ? 'k' : 's');
                }
                if (i == 2) {
                    inUse.add(buffer);
                } else {
                    freed.add(new Freed(buffer.memoryAddress(), size));
                    released.add(buffer);
                }
            }
        }
        released.forEach(ByteBuf::release);
        return freed;
    }

    /** Reads memory that is not its own: chunks of which buffers are in use stay. */
    private static boolean isWiped(Freed one) {
        for (int i = 0; i < one.bytes(); i++) {
            if (PlatformDependent.getByte(one.address() + i) == 's') {
                return false;
            }
        }
        return true;
    }
}
