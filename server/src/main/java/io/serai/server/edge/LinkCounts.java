package io.serai.server.edge;

import io.serai.edge.link.Link;
import io.serai.edge.link.LinkListener;
import java.util.concurrent.atomic.LongAdder;

/** Counts what happens to the links to one edge, and passes the news on. */
public final class LinkCounts implements LinkListener {
    private final LinkListener next;
    private final LongAdder ups = new LongAdder();
    private final LongAdder losses = new LongAdder();
    private final LongAdder violations = new LongAdder();

    LinkCounts(LinkListener next) {
        this.next = next;
    }

    /** So far: links that came up, links that were lost, breaches of the link's rules by the edge. */
    public record Counts(long ups, long losses, long violations) {}

    Counts counts() {
        return new Counts(ups.sum(), losses.sum(), violations.sum());
    }

    @Override
    public void up(Link link) {
        ups.increment();
        next.up(link);
    }

    @Override
    public void changed(Link link) {
        next.changed(link);
    }

    @Override
    public void lost(Link link, String why) {
        losses.increment();
        next.lost(link, why);
    }

    @Override
    public void violation(String peer, String what) {
        violations.increment();
        next.violation(peer, what);
    }
}
