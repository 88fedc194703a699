package io.serai.edge.memory;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.util.concurrent.TimeUnit;

/**
 * The Java heap's free memory, with G1. After a full collection what lives is together in the first regions; of the others a few
 * are kept for what is allocated next, and the rest is given back to the system, from which it comes as zeros. Before that,
 * zeros are collected together with what lives, so that they are what is in the regions that are kept, and in the rest of the
 * last one of what lives.
 *
 * <p>How, is decided by what G1 does. Each thread that takes part in a full collection has a last region of its own, hence one
 * thread ({@code G1HeapWastePercent} 0). An object that has no room at the end of a region leaves a gap, hence small zeros; a gap
 * among what lives is not wiped, and has what was there when it came to be. Regions are given back a little later (tenths of a
 * second), while who needs one takes it again as it is, hence the ones that are kept, and several passes.
 */
final class FreeHeap {
    /** What this process must have been started with. */
    static final String OPTIONS = "-XX:+UseG1GC -XX:MarkSweepDeadRatio=0 -XX:G1HeapWastePercent=0";

    private static final String LEAST = "MinHeapFreeRatio";
    private static final String MOST = "MaxHeapFreeRatio";
    private static final String NOTHING = "0";
    static final int ALL = 3;
    /** More than it takes until regions are given back. */
    private static final long GIVEN_BACK_MILLIS = 300;

    private static final long ZEROS_BYTES = 16 << 20;
    /** The least part of what lives. */
    private static final int ZEROS_PART = 8;

    private static final int PIECE_REFERENCES = 28;
    /** About; more where a reference has 8 bytes. */
    private static final int PIECE_BYTES = 128;

    private FreeHeap() {}

    /** Whether this process was started so that {@link #giveBack} gives back all. */
    static boolean isWiped() {
        HotSpotDiagnosticMXBean machine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        return isOn(machine, "UseG1GC")
                && !isOn(machine, "DisableExplicitGC")
                && !isOn(machine, "ExplicitGCInvokesConcurrent")
                && machine.getVMOption("MarkSweepDeadRatio").getValue().equals(NOTHING)
                && machine.getVMOption("G1HeapWastePercent").getValue().equals(NOTHING);
    }

    private static boolean isOn(HotSpotDiagnosticMXBean machine, String option) {
        return Boolean.parseBoolean(machine.getVMOption(option).getValue());
    }

    /**
     * Stops all threads some times for as long as a full collection by one thread takes: three times in each pass, and
     * once before.
     *
     * @param passes one leaves little, and {@link #ALL} nothing but what is said above
     */
    static void giveBack(int passes) throws InterruptedException {
        System.gc();
        // Finalizers and cleaners let go of what they have now; after the next collection nobody holds it.
        TimeUnit.SECONDS.sleep(1);
        HotSpotDiagnosticMXBean machine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        String least = machine.getVMOption(LEAST).getValue();
        String most = machine.getVMOption(MOST).getValue();
        machine.setVMOption(LEAST, NOTHING);
        try {
            for (int i = 0; i < passes; i++) {
                pass(machine);
                TimeUnit.MILLISECONDS.sleep(GIVEN_BACK_MILLIS);
            }
        } finally {
            machine.setVMOption(MOST, most);
            machine.setVMOption(LEAST, least);
        }
    }

    private static void pass(HotSpotDiagnosticMXBean machine) {
        machine.setVMOption(MOST, NOTHING);
        System.gc();
        Runtime heap = Runtime.getRuntime();
        long living = heap.totalMemory() - heap.freeMemory();
        long zeros = Math.min(Math.max(ZEROS_BYTES, living / ZEROS_PART), (heap.maxMemory() - living) / 4);
        collectWithZeros(zeros);
        // Half of the zeros, as a part of all.
        machine.setVMOption(MOST, Long.toString(100 * (zeros / 2) / (living + zeros / 2)));
        System.gc();
    }

    /** Each piece refers to the one before: an array of all would be a region of its own. */
    private static void collectWithZeros(long bytes) {
        Object[] last = new Object[0];
        for (long i = 0; i < bytes; i += PIECE_BYTES) {
            Object[] next = new Object[PIECE_REFERENCES];
            next[0] = last;
            last = next;
        }
        System.gc();
        Reference.reachabilityFence(last);
    }
}
