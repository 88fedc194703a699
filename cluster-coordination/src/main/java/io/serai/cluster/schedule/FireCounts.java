package io.serai.cluster.schedule;

import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** What this node decided about fires since its start. For use by many threads. */
public final class FireCounts {
    private final Map<Kind, LongAdder> counts = new EnumMap<>(Kind.class);

    FireCounts() {
        for (Kind kind : Kind.values()) {
            counts.put(kind, new LongAdder());
        }
    }

    /** What came of a fire. */
    public enum Kind {
        /** An event was queued in time. */
        QUEUED,
        /** An event was queued for a fire that was missed, or for several. */
        LATE,
        /** An event was queued because an operator asked for it. */
        ASKED,
        OVERLAPPED,
        MISSED;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    void add(List<Kind> recorded) {
        recorded.forEach(kind -> counter(kind).increment());
    }

    public long of(Kind kind) {
        return counter(kind).sum();
    }

    private LongAdder counter(Kind kind) {
        return Objects.requireNonNull(counts.get(kind));
    }
}
