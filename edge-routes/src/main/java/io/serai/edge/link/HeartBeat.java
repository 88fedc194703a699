package io.serai.edge.link;

import io.netty.util.concurrent.ScheduledFuture;
import io.serai.edge.frame.FrameType;
import io.serai.edge.frame.FrameWriter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Finds a dead peer: nothing heard for the dead time, or nothing taken by it for that time while something waits to be
 * sent. Any frame counts as heard; PINGs make sure that there are some, and measure the round trip. On the event loop only.
 */
final class HeartBeat {
    private final LinkConnection connection;
    private final long pingNanos;
    private final long deadNanos;
    private final long tickNanos;
    private @Nullable ScheduledFuture<?> timer;
    private long heard;
    private long pinged;
    private long unsentSince;
    private long unsentMark;
    private volatile long roundTripNanos = -1;

    HeartBeat(LinkConnection connection, LinkSettings.KeepAlive settings) {
        this.connection = connection;
        this.pingNanos = settings.pingAfter().toNanos();
        this.deadNanos = settings.deadAfter().toNanos();
        this.tickNanos = Math.min(TimeUnit.SECONDS.toNanos(1), pingNanos / 4);
    }

    void start() {
        heard = System.nanoTime();
        pinged = heard;
        unsentSince = heard;
        timer = connection.loop().scheduleAtFixedRate(this::tick, tickNanos, tickNanos, TimeUnit.NANOSECONDS);
    }

    void stop() {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    void heard() {
        heard = System.nanoTime();
    }

    private void tick() {
        long now = System.nanoTime();
        if (now - heard >= deadNanos) {
            connection.kill(
                    "nothing was heard for " + Duration.ofNanos(now - heard).toMillis() + " ms");
        } else if (isStuck(now)) {
            connection.kill("nothing was taken for "
                    + Duration.ofNanos(now - unsentSince).toMillis() + " ms");
        } else if (now - pinged >= pingNanos) {
            ping(now);
        }
    }

    private boolean isStuck(long now) {
        long unsent = connection.channel().bytesBeforeWritable();
        if (unsent == 0 || unsent != unsentMark) {
            unsentMark = unsent;
            unsentSince = now;
        }
        return now - unsentSince >= deadNanos;
    }

    private void ping(long now) {
        pinged = now;
        connection.write(FrameWriter.ping(connection.allocator(), FrameType.PING, now));
    }

    void onPong(long token) {
        long roundTrip = System.nanoTime() - token;
        if (roundTrip >= 0 && roundTrip < deadNanos) {
            roundTripNanos = roundTrip;
        }
    }

    /** Another connection to this peer has died: this one must be heard soon, or it is dead too. */
    void probe(Duration within) {
        long asked = System.nanoTime();
        ping(asked);
        connection
                .loop()
                .schedule(
                        () -> {
                            if (heard - asked < 0) {
                                connection.kill("it did not answer when another connection had died");
                            }
                        },
                        within.toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    /** The round trip of the last PING; -1 before the first. From any thread. */
    long roundTripNanos() {
        return roundTripNanos;
    }
}
