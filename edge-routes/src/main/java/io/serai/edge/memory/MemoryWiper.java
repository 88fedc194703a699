package io.serai.edge.memory;

import io.netty.buffer.PooledByteBufAllocator;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wipes the memory of an edge that is free again: soon after the last partner has gone, once more when timers have forgotten
 * him too, and from time to time in any case. It has the heap shrunk to what lives (its free regions go back to the system)
 * and empties the pool of buffers; what the C library frees is overwritten by that itself, as {@code serai-edge} has it do.
 * Its state belongs to its one thread.
 */
public final class MemoryWiper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryWiper.class);
    private static final long LOOK_MILLIS = 1_000;
    /** Before one that is owed counts as done though not all was wiped. */
    private static final int TRIES = 3;

    private final IntSupplier held;
    private final Pace pace;
    private final LongSupplier nanos;
    private final Wiping wipe;
    private final AtomicLong visits = new AtomicLong();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread made = new Thread(task, "memory-wiper");
        made.setDaemon(true);
        return made;
    });
    private long seen;
    private long busyNanos;
    private long wipedNanos;
    private int owed;
    private int failures;
    private boolean complete = true;

    /**
     * When.
     *
     * @param quiet how long nobody must have been there
     * @param late the same for the second time: longer than timers hold what is over
     * @param apart between two times that are owed to partners
     * @param most whether partners are there or not
     */
    record Pace(Duration quiet, Duration late, Duration apart, Duration most) {
        static final Pace STANDARD =
                new Pace(Duration.ofSeconds(10), Duration.ofSeconds(75), Duration.ofSeconds(30), Duration.ofHours(1));
    }

    /** What is done then. */
    interface Wiping {
        /**
         * Whether all was wiped.
         *
         * @param isQuiet it is because partners have gone, so nobody is held up
         */
        boolean wipe(boolean isQuiet);
    }

    /** @param held how many partners and connections are there */
    public MemoryWiper(IntSupplier held) {
        this(held, Pace.STANDARD, System::nanoTime, MemoryWiper::wipe);
    }

    MemoryWiper(IntSupplier held, Pace pace, LongSupplier nanos, Wiping wipe) {
        this.held = held;
        this.pace = pace;
        this.nanos = nanos;
        this.wipe = wipe;
        this.busyNanos = nanos.getAsLong();
        this.wipedNanos = busyNanos;
    }

    /**
     * Settings of libraries that it relies on, where nothing else is set, and a warning where this process was started without
     * what it needs; to be called before anything uses Netty.
     */
    public static void prepare() {
        // Free buffers that threads keep for themselves are out of reach; the large ones are never kept.
        setIfAbsent("io.netty.allocator.smallCacheSize", "0");
        setIfAbsent("io.netty.allocator.normalCacheSize", "0");
        // One pool: Vert.x would have its own.
        setIfAbsent("vertx.reuseNettyAllocators", "true");
        if (!FreeHeap.isWiped()) {
            LOG.warn("Free memory of the heap is not all wiped: that needs {}", FreeHeap.OPTIONS);
        }
        String tunables = System.getenv("GLIBC_TUNABLES");
        if (tunables == null || !tunables.contains("glibc.malloc.perturb=")) {
            LOG.warn("Memory that libraries free is not wiped: that needs GLIBC_TUNABLES as serai-edge sets it");
        }
    }

    private static void setIfAbsent(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    public void start() {
        thread.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Somebody comes, perhaps for less time than between two looks. */
    public void visit() {
        visits.incrementAndGet();
    }

    void look() {
        try {
            lookNow();
        } catch (RuntimeException | Error e) { // the next time comes all the same
            LOG.error("It could not be seen whether free memory is to be wiped", e);
        }
    }

    private void lookNow() {
        long now = nanos.getAsLong();
        long count = visits.get();
        if (count != seen || held.getAsInt() > 0) {
            seen = count;
            busyNanos = now;
            owed = 2;
        }
        Duration quiet = Duration.ofNanos(now - busyNanos);
        Duration since = Duration.ofNanos(now - wipedNanos);
        boolean due = owed > 0
                && since.compareTo(pace.apart()) >= 0
                && quiet.compareTo(owed == 2 ? pace.quiet() : pace.late()) >= 0;
        if (!due && since.compareTo(pace.most()) < 0) {
            return;
        }
        wipedNanos = now;
        boolean all = isAllWiped(due);
        failures = all ? 0 : failures + 1;
        if (due && (all || failures >= TRIES)) {
            owed--;
            failures = 0;
        }
        if (all != complete) {
            complete = all;
            LOG.warn(all ? "All free memory is wiped again" : "Not all free memory could be wiped; it is tried again");
        }
    }

    private boolean isAllWiped(boolean isQuiet) {
        try {
            return wipe.wipe(isQuiet);
        } catch (RuntimeException | Error e) { // the next time comes all the same
            LOG.error("Free memory could not be wiped", e);
            return false;
        }
    }

    private static boolean wipe(boolean isQuiet) {
        long began = System.nanoTime();
        boolean all = false;
        try {
            all = FreeBuffers.wipe(PooledByteBufAllocator.DEFAULT);
        } finally {
            giveBack(isQuiet ? FreeHeap.ALL : 1);
        }
        LOG.debug(
                "Free memory was wiped in {} ms{}",
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began),
                all ? "" : ", but not all buffers");
        return all;
    }

    private static void giveBack(int passes) {
        try {
            FreeHeap.giveBack(passes);
        } catch (InterruptedException e) { // it is being stopped
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
