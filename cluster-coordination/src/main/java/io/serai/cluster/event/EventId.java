package io.serai.cluster.event;

/** An event of the queue. */
public record EventId(long value) {
    @Override
    public String toString() {
        return Long.toString(value);
    }
}
