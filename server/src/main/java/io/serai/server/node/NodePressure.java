package io.serai.server.node;

import io.serai.config.settings.NodeSettings;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.time.Duration;
import java.util.function.DoubleSupplier;

/**
 * How much of its capacity the node uses for events at the moment: all of it, or less and less from the limits on, down to
 * a quarter at a load of twice the limit, or with a full heap. Read once a second at most.
 */
final class NodePressure implements DoubleSupplier {
    private static final double LEAST = 0.25;
    private static final long AGE_NANOS = Duration.ofSeconds(1).toNanos();

    private final NodeSettings.Busy limits;
    private double part = 1;
    private long readAt = System.nanoTime() - AGE_NANOS;

    NodePressure(NodeSettings.Busy limits) {
        this.limits = limits;
    }

    @Override
    public synchronized double getAsDouble() {
        if (System.nanoTime() - readAt >= AGE_NANOS) {
            readAt = System.nanoTime();
            part = part(loadPerProcessor(), heapInUse());
        }
        return part;
    }

    /** @param heap the part of the heap that is in use after a collection */
    double part(double load, double heap) {
        double overload = (load - limits.load()) / limits.load();
        double heapLimit = limits.heapPercent() / 100.0;
        double overheap = heapLimit < 1 ? (heap - heapLimit) / (1 - heapLimit) : 0;
        double over = Math.max(0, Math.max(overload, overheap));
        return Math.max(LEAST, 1 - (1 - LEAST) * over);
    }

    /** Negative where the platform does not tell. */
    private static double loadPerProcessor() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage()
                / Runtime.getRuntime().availableProcessors();
    }

    /** What is garbage already does not count. */
    private static double heapInUse() {
        long used = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            MemoryUsage afterCollection = pool.getType() == MemoryType.HEAP ? pool.getCollectionUsage() : null;
            used += afterCollection == null ? 0 : afterCollection.getUsed();
        }
        return (double) used / Runtime.getRuntime().maxMemory();
    }
}
