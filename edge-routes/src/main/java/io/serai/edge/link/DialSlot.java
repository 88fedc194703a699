package io.serai.edge.link;

import io.serai.edge.message.LinkMessages.ConnectionClass;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** One of the connections that a dialer keeps up: what it has, and when it may be dialled again. Guarded by its dialer. */
final class DialSlot {
    final ConnectionClass connectionClass;
    final int index;
    @Nullable LinkConnection connection;
    boolean dialling;
    int failures;

    private final LinkSettings.Connections settings;
    private long nextTryNanos = System.nanoTime();
    private Duration age = Duration.ZERO;

    DialSlot(ConnectionClass connectionClass, int index, LinkSettings.Connections settings) {
        this.connectionClass = connectionClass;
        this.index = index;
        this.settings = settings;
    }

    /** Whether it is to be dialled now: because it has nothing, or a connection that has had its time. */
    boolean isDue(long nowNanos) {
        boolean wanted = connection == null || connection.isWorn(age);
        return wanted && !dialling && nowNanos - nextTryNanos >= 0;
    }

    /** Takes the new connection; returns the one that it replaces. */
    @Nullable LinkConnection take(LinkConnection fresh) {
        LinkConnection old = connection;
        connection = fresh;
        dialling = false;
        failures = 0;
        age = Duration.ofMillis((long) (settings.maxAge().toMillis() * (0.9 + 0.2 * random())));
        return old;
    }

    /** Waits for a random time before the next try, of which the bound doubles with each failure. */
    void waitForNext() {
        long bound = settings.redialFirst().toNanos() << Math.min(failures, 20);
        bound = Math.min(bound < 0 ? Long.MAX_VALUE : bound, settings.redialMost().toNanos());
        nextTryNanos = System.nanoTime() + (long) (bound * random());
    }

    private static double random() {
        return ThreadLocalRandom.current().nextDouble();
    }
}
