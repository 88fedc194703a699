package io.serai.route.site.connection;

import io.serai.cluster.limit.LimitSlots.Slot;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The way into one site for this node: places come from the whole cluster. When there is none, as many as the site allows
 * wait here for a short while, and whoever leaves hands its place over to one of them; the others are sent back, for they
 * would keep their threads from work for other sites. A place is not handed on for ever, so that the other nodes get their
 * turn. Its monitor guards who waits; the cluster is asked without it.
 */
final class SiteGate {
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);
    private static final Duration LONGEST_HANDED_ON = Duration.ofSeconds(5);

    private final SiteLimits limits;
    private final Deque<Held> handedOver = new ArrayDeque<>();
    private int inside;
    private int waiting;

    SiteGate(SiteLimits limits) {
        this.limits = limits;
    }

    /** A place of this node; {@code most} is what the site allowed when it was taken. */
    private record Held(Slot slot, int most, long since) {}

    /** A place in use; closing it gives it to somebody else. Idempotent. */
    final class Entry implements AutoCloseable {
        private @Nullable Held held;

        private Entry(Held held) {
            this.held = held;
        }

        @Override
        public void close() {
            Held mine = held;
            held = null;
            if (mine != null) {
                leave(mine);
            }
        }
    }

    /** @throws SeraiException {@code SITE_FULL} when there is no place, {@code CANCELLED} when it was told to stop */
    Entry enter(Site site, StopSwitch stop) {
        Optional<Slot> slot = limits.take(site);
        if (slot.isPresent()) {
            synchronized (this) {
                inside++;
            }
            return new Entry(new Held(slot.get(), site.maxParallel(), System.nanoTime()));
        }
        return new Entry(awaitHandedOver(site, stop));
    }

    private synchronized Held awaitHandedOver(Site site, StopSwitch stop) {
        if (inside == 0 || waiting >= site.maxParallel()) {
            throw full(site);
        }
        waiting++;
        try {
            long until = System.nanoTime() + LONGEST_WAIT.toNanos();
            while (handedOver.isEmpty()) {
                long left = until - System.nanoTime();
                if (left <= 0) {
                    throw full(site);
                }
                if (stop.pulled()) {
                    throw new SeraiException(ErrorCode.CANCELLED, "Site " + site.name() + ": cancelled while waiting");
                }
                wait(Math.max(1, Math.min(TimeUnit.NANOSECONDS.toMillis(left), 250)));
            }
            inside++;
            return handedOver.removeFirst();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SeraiException(
                    ErrorCode.CANCELLED, "Site " + site.name() + ": stopped while waiting for a place", e);
        } finally {
            waiting--;
            closeWhatNobodyTakes();
        }
    }

    /** Places that were handed over to somebody who did not wait for them any longer. */
    private void closeWhatNobodyTakes() {
        while (handedOver.size() > waiting) {
            handedOver.removeLast().slot().close();
        }
    }

    private synchronized void leave(Held place) {
        inside--;
        boolean fresh = System.nanoTime() - place.since() < LONGEST_HANDED_ON.toNanos();
        // A site that allows fewer now than when the place was taken gets rid of it.
        boolean allowed = inside + handedOver.size() < place.most();
        if (fresh && allowed && handedOver.size() < waiting) {
            handedOver.addLast(place);
            notifyAll();
        } else {
            place.slot().close();
        }
    }

    private static SeraiException full(Site site) {
        return new SeraiException(
                ErrorCode.SITE_FULL,
                "Site " + site.name() + ": all " + site.maxParallel()
                        + " places in the cluster are in use; goes on when one is free (field 'maxParallel')");
    }
}
