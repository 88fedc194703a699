package io.serai.cluster.storage;

import java.util.Map;
import java.util.TreeMap;

/** Which bytes of a file are held: a beginning without a hole, and islands behind it. Not safe for several threads. */
final class ByteRanges {
    /** Start to end (exclusive) of each island; they neither touch each other nor the beginning. */
    private final TreeMap<Long, Long> islands = new TreeMap<>();

    private long contiguousEnd;

    ByteRanges(long held) {
        this.contiguousEnd = held;
    }

    void add(long from, long until) {
        if (from >= until) {
            return;
        }
        long start = from;
        long end = until;
        Map.Entry<Long, Long> before = islands.floorEntry(start);
        if (before != null && before.getValue() >= start) {
            start = before.getKey();
            end = Math.max(end, before.getValue());
            islands.remove(before.getKey());
        }
        if (start <= contiguousEnd) {
            start = 0;
        }
        for (Map.Entry<Long, Long> next = islands.ceilingEntry(start);
                next != null && next.getKey() <= end;
                next = islands.ceilingEntry(start)) {
            end = Math.max(end, next.getValue());
            islands.remove(next.getKey());
        }
        if (start == 0) {
            contiguousEnd = Math.max(contiguousEnd, end);
        } else {
            islands.put(start, end);
        }
    }

    /** Up to here every byte is held. */
    long contiguousEnd() {
        return contiguousEnd;
    }

    /** One behind the last byte that is held. */
    long end() {
        return islands.isEmpty() ? contiguousEnd : islands.lastEntry().getValue();
    }

    boolean hasHole() {
        return !islands.isEmpty();
    }

    int islands() {
        return islands.size();
    }
}
