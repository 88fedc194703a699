package io.serai.route.site.connection;

import org.jspecify.annotations.Nullable;

/** Stops one delivery or fetch from any thread, whichever connection it uses at the moment; its lock guards both. */
public final class StopSwitch {
    private @Nullable Line line;
    private boolean pulled;

    /** From now on this line is what is cut. */
    synchronized void attach(Line current) {
        line = current;
        if (pulled) {
            current.cut(Line.Cut.CANCELLED);
        }
    }

    /** The line is no longer used here. */
    synchronized void detach() {
        line = null;
    }

    public synchronized void pull() {
        pulled = true;
        if (line != null) {
            line.cut(Line.Cut.CANCELLED);
        }
    }

    public synchronized boolean pulled() {
        return pulled;
    }
}
