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
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
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

    private static final int TRIES = 5;

    private final PooledByteBufAllocator pool;
    private final LongSupplier room;
    private final Set<PoolArenaMetric> left = ConcurrentHashMap.newKeySet();

    private FreeBuffers(PooledByteBufAllocator pool, LongSupplier room) {
        this.pool = pool;
        this.room = room;
        pool.metric().directArenas().stream()
                .filter(arena -> freeBytes(arena) > 0)
                .forEach(left::add);
    }

    /** Whether all was wiped; what threads of Netty keep for themselves at this moment counts as being in use. */
    static boolean wipe(PooledByteBufAllocator pool) {
        return wipe(pool, () -> PlatformDependent.maxDirectMemory() - usedBytes());
    }

    /** @param room how many bytes of direct memory nobody has */
    static boolean wipe(PooledByteBufAllocator pool, LongSupplier room) {
        return new FreeBuffers(pool, room).wipe();
    }

    /** Of direct memory. Netty counts it only where it may reach into Java, and Java what Netty does not. */
    static long usedBytes() {
        long counted = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(kind -> kind.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
        return counted + Math.max(0, PlatformDependent.usedDirectMemory());
    }

    /** Each thread has one arena, which is that of the fewest threads when it comes: so many find each one. */
    private boolean wipe() {
        int most = 2 * pool.metric().numDirectArenas() + Thread.activeCount();
        CountDownLatch done = new CountDownLatch(1);
        List<Thread> visitors = new ArrayList<>();
        try {
            while (visitors.size() < most && !left.isEmpty() && room.getAsLong() >= ROOM_BYTES) {
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
        // Ours is the one that one more thread has now; who else came at this moment leaves it open.
        int[] more = IntStream.range(0, threads.length)
                .filter(i -> arenas.get(i).numThreadCaches() != threads[i])
                .toArray();
        if (more.length == 1 && arenas.get(more[0]).numThreadCaches() == threads[more[0]] + 1) {
            PoolArenaMetric arena = arenas.get(more[0]);
            if (left.contains(arena)) {
                wipe(arena);
                left.remove(arena);
            }
        }
    }

    private void wipe(PoolArenaMetric arena) {
        List<ByteBuf> taken = new ArrayList<>();
        try {
            int page = PooledByteBufAllocator.defaultPageSize();
            take(page, (int) (freeBytes(arena) / page), taken);
            for (PoolSubpageMetric part : parts(arena)) {
                take(part.elementSize(), part.numAvailable(), taken);
            }
        } finally {
            taken.forEach(ByteBuf::release);
        }
    }

    /** Netty looks through them without a lock, and fails when one goes meanwhile. */
    private static List<PoolSubpageMetric> parts(PoolArenaMetric arena) {
        for (int i = 1; i < TRIES; i++) {
            try {
                return arena.smallSubpages();
            } catch (RuntimeException e) {
                LOG.debug("The parts of pages changed while they were looked through", e);
            }
        }
        return arena.smallSubpages();
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
