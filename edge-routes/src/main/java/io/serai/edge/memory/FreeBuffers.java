package io.serai.edge.memory;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PoolArenaMetric;
import io.netty.buffer.PoolChunkListMetric;
import io.netty.buffer.PoolChunkMetric;
import io.netty.buffer.PoolSubpageMetric;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocatorMetric;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.internal.PlatformDependent;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The free parts of Netty's pool of direct buffers, which keeps nearly all of its memory for ever. All that is free is taken,
 * overwritten and released: first pages, each a buffer of its own, then what is free of pages that hold smaller buffers.
 */
final class FreeBuffers {
    private static final Logger LOG = LoggerFactory.getLogger(FreeBuffers.class);
    /** What must be left for others, who find the pool full meanwhile. */
    private static final long ROOM_BYTES = 48 << 20;

    private final PooledByteBufAllocator pool;
    private final Set<PoolArenaMetric> left = ConcurrentHashMap.newKeySet();

    private FreeBuffers(PooledByteBufAllocator pool) {
        this.pool = pool;
        pool.metric().directArenas().stream()
                .filter(arena -> freeBytes(arena) > 0)
                .forEach(left::add);
    }

    /** Whether all was wiped; what threads of Netty keep for themselves at this moment counts as being in use. */
    static boolean wipe(PooledByteBufAllocator pool) {
        if (PlatformDependent.maxDirectMemory() - PlatformDependent.usedDirectMemory() < ROOM_BYTES) {
            return false;
        }
        return new FreeBuffers(pool).wipe();
    }

    /** Each thread has one arena, which is that of the fewest threads when it comes: so many find each one. */
    private boolean wipe() {
        int most = 2 * pool.metric().numDirectArenas() + Thread.activeCount();
        CountDownLatch done = new CountDownLatch(1);
        List<Thread> visitors = new ArrayList<>();
        try {
            while (visitors.size() < most && !left.isEmpty()) {
                visitors.add(visit(done));
            }
        } finally {
            done.countDown();
            visitors.forEach(FreeBuffers::awaitEnd);
        }
        return left.isEmpty();
    }

    /** By a thread that keeps its place at its arena until the others have found theirs. */
    private Thread visit(CountDownLatch done) {
        CountDownLatch wiped = new CountDownLatch(1);
        Thread visitor = new Thread(
                () -> {
                    try {
                        wipeMine();
                    } catch (RuntimeException | OutOfMemoryError e) {
                        LOG.debug("Free buffers could not be wiped", e);
                    } finally {
                        wiped.countDown();
                    }
                    awaitQuietly(done);
                    FastThreadLocal.removeAll();
                },
                "memory-wiper-pool");
        visitor.setDaemon(true);
        visitor.start();
        awaitQuietly(wiped);
        return visitor;
    }

    private void wipeMine() {
        PooledByteBufAllocatorMetric metric = pool.metric();
        List<PoolArenaMetric> arenas = metric.directArenas();
        int[] threads =
                arenas.stream().mapToInt(PoolArenaMetric::numThreadCaches).toArray();
        pool.directBuffer(1, 1).release();
        for (int i = 0; i < threads.length; i++) {
            PoolArenaMetric arena = arenas.get(i);
            if (arena.numThreadCaches() > threads[i] && left.remove(arena)) {
                wipe(arena);
                return;
            }
        }
    }

    private void wipe(PoolArenaMetric arena) {
        List<ByteBuf> taken = new ArrayList<>();
        try {
            int page = PooledByteBufAllocator.defaultPageSize();
            take(page, (int) (freeBytes(arena) / page), taken);
            for (PoolSubpageMetric part : arena.smallSubpages()) {
                take(part.elementSize(), part.numAvailable(), taken);
            }
        } finally {
            taken.forEach(ByteBuf::release);
        }
    }

    private void take(int size, int count, List<ByteBuf> taken) {
        for (int i = 0; i < count; i++) {
            ByteBuf buffer = pool.directBuffer(size, size);
            taken.add(buffer);
            buffer.setZero(0, size);
        }
    }

    private static long freeBytes(PoolArenaMetric arena) {
        long free = 0;
        for (PoolChunkListMetric list : arena.chunkLists()) {
            for (PoolChunkMetric chunk : list) {
                free += chunk.freeBytes();
            }
        }
        return free;
    }

    /** Until it has left its arena. */
    private static void awaitEnd(Thread visitor) {
        try {
            visitor.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
