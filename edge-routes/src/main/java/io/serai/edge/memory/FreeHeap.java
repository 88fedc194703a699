package io.serai.edge.memory;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The Java heap's free memory, with G1. After a full collection what lives is together in some regions, and with no free
 * memory wanted the others are given back to the system; used again, they come back as zeros. What is left are the ends of
 * the last regions, one for each of the collector's threads: they are filled by having zeros collected as well.
 */
final class FreeHeap {
    private static final String LEAST = "MinHeapFreeRatio";
    private static final String MOST = "MaxHeapFreeRatio";
    private static final String NOTHING = "0";
    private static final int ROUNDS = 2;
    private static final int ZEROS_BYTES = 16 << 20;
    /** Far less than half a region, which would be a region of its own. */
    private static final int ZEROS_PART_BYTES = 32 << 10;

    private FreeHeap() {}

    /** Stops all threads some times for as long as a full collection takes. */
    static void giveBack() throws InterruptedException {
        System.gc();
        // Finalizers and cleaners let go of what they have now; after the next collection nobody holds it.
        TimeUnit.SECONDS.sleep(1);
        HotSpotDiagnosticMXBean machine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        String least = machine.getVMOption(LEAST).getValue();
        String most = machine.getVMOption(MOST).getValue();
        machine.setVMOption(LEAST, NOTHING);
        machine.setVMOption(MOST, NOTHING);
        try {
            System.gc();
            for (int i = 0; i < ROUNDS; i++) {
                collectWithZeros();
            }
            System.gc();
        } finally {
            machine.setVMOption(MOST, most);
            machine.setVMOption(LEAST, least);
        }
    }

    private static void collectWithZeros() {
        Runtime machine = Runtime.getRuntime();
        long free = machine.maxMemory() - machine.totalMemory() + machine.freeMemory();
        List<byte[]> zeros = new ArrayList<>();
        for (long bytes = 0; bytes < Math.min(ZEROS_BYTES, free / 4); bytes += ZEROS_PART_BYTES) {
            zeros.add(new byte[ZEROS_PART_BYTES]);
        }
        System.gc();
        java.lang.ref.Reference.reachabilityFence(zeros);
    }
}
