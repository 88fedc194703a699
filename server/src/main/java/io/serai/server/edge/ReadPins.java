package io.serai.server.edge;

import io.serai.cluster.edge.LinkPins;
import io.serai.cluster.edge.LinkPins.Pins;
import java.util.function.Supplier;

/** The servers' pins as this server has read them last, and whether its edges were reminded of them. Thread-safe. */
final class ReadPins {
    private final Supplier<Pins> source;
    private Pins now;
    private long told;

    private ReadPins(Supplier<Pins> source) {
        this.source = source;
        this.now = source.get();
        this.told = now.revision();
    }

    static ReadPins of(LinkPins pins) {
        return of(pins::read);
    }

    static ReadPins of(Supplier<Pins> source) {
        return new ReadPins(source);
    }

    synchronized Pins now() {
        return now;
    }

    void readAgain() {
        Pins read = source.get();
        synchronized (this) {
            now = read;
        }
    }

    /** Reads them; whether there is something since this was last asked, whoever has read it in between. */
    boolean readNews() {
        readAgain();
        synchronized (this) {
            boolean news = now.revision() != told;
            told = now.revision();
            return news;
        }
    }
}
