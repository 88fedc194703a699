package io.serai.edge.memory;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * A programme that fills its heap with marks, in objects that die and die late, and then gives free memory back again and again,
 * while a thread allocates as an idle edge's timers do. It says when, and waits for an answer. With an argument it only says
 * whether its free memory would all be wiped.
 */
final class HeapUser {
    private static final int ROUNDS = 3;
    private static final int THREADS = 4;
    private static final int PIECES = 3_000;
    private static final long IDLE_MILLIS = 10;
    static final int MARK_BYTES = 64;
    static final String WIPED = "wiped";
    static final String FILLED = "filled";

    private HeapUser() {}

    /** A byte of a mark, which is nowhere in memory but where this was written to. */
    static byte mark(int index) {
        return (byte) (index * 37 + 11 ^ index >> 1);
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0) {
            System.out.println(FreeHeap.isWiped());
            return;
        }
        List<byte[]> living = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            living.add(new byte[ThreadLocalRandom.current().nextInt(30_000)]);
        }
        List<byte[]> some = new ArrayList<>();
        ScheduledExecutorService timers = Executors.newSingleThreadScheduledExecutor();
        var unused = timers.scheduleWithFixedDelay(
                () -> allocateALittle(some), IDLE_MILLIS, IDLE_MILLIS, TimeUnit.MILLISECONDS);
        FreeHeap.giveBack(FreeHeap.ALL);
        for (int i = 0; i < ROUNDS; i++) {
            fill();
            say(FILLED);
            FreeHeap.giveBack(FreeHeap.ALL);
            say(WIPED);
        }
        Reference.reachabilityFence(living);
        timers.shutdownNow();
    }

    private static void say(String what) throws Exception {
        System.out.println(what);
        if (System.in.read() < 0) {
            System.exit(1);
        }
    }

    private static void fill() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            Thread thread = new Thread(() -> {
                List<byte[]> kept = new ArrayList<>();
                for (int j = 0; j < PIECES; j++) {
                    byte[] piece =
                            new byte[MARK_BYTES + ThreadLocalRandom.current().nextInt(20_000)];
                    for (int k = 0; k < piece.length; k++) {
                        piece[k] = mark(k % MARK_BYTES);
                    }
                    if (j % 3 == 0) {
                        kept.add(piece);
                    }
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void allocateALittle(List<byte[]> some) {
        for (int i = 0; i < 20; i++) {
            some.add(new byte[ThreadLocalRandom.current().nextInt(2_000)]);
        }
        if (some.size() > 200) {
            some.clear();
        }
    }
}
