package io.serai.route.monitor;

import io.serai.cluster.lease.LeaseFence;
import io.serai.cluster.lease.LeaseHolder;
import io.serai.cluster.lease.LeaseToken;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks through a folder again and again while this node holds the route's lease, on a thread of its own. A look reads
 * names, sizes and times, and writes nothing for files that it knows; what it found is taken by {@link FolderLook}.
 */
final class FolderMonitor implements LeaseHolder {
    private static final Logger LOG = LoggerFactory.getLogger(FolderMonitor.class);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(10);
    private static final Duration AFTER_TROUBLE = Duration.ofSeconds(10);
    private static final Duration FORGET_EVERY = Duration.ofHours(6);
    static final int MOST_TAKEN = 50_000;
    static final int MOST_WAITING = 20_000;

    private final MonitorPlan plan;
    private final FolderLook.Means means;
    private @Nullable FolderLook running;
    private @Nullable Thread thread;

    FolderMonitor(MonitorPlan plan, FolderLook.Means means) {
        this.plan = plan;
        this.means = means;
    }

    @Override
    public synchronized void gained(LeaseToken token) {
        LOG.info("Route {}: this node monitors {} (token {})", plan.route(), plan.folder(), token.token());
        FolderLook look = new FolderLook(
                plan,
                means,
                connection -> LeaseFence.guard(connection, token),
                new SeenFiles(MOST_TAKEN, MOST_WAITING, System::nanoTime));
        running = look;
        means.counts().begun(plan.route());
        Thread looking = new Thread(() -> lookOn(look), "monitor-" + plan.route());
        looking.setDaemon(true);
        thread = looking;
        looking.start();
    }

    @Override
    public void lost(LeaseToken token) {
        Thread looking;
        synchronized (this) {
            if (running != null) {
                running.stop();
            }
            running = null;
            looking = thread;
            thread = null;
        }
        if (looking != null) {
            try {
                looking.join(STOP_LIMIT.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        means.counts().ended(plan.route());
        LOG.info("Route {}: this node monitors {} no more", plan.route(), plan.folder());
    }

    private void lookOn(FolderLook look) {
        long forgotNanos = System.nanoTime();
        String trouble = "";
        while (!look.isStopped()) {
            Duration pause = plan.every();
            try {
                look.once();
                if (!trouble.isEmpty()) {
                    LOG.info("Route {}: {} can be looked through again", plan.route(), plan.folder());
                    trouble = "";
                }
                if (System.nanoTime() - forgotNanos > FORGET_EVERY.toNanos()) {
                    look.forgetGone();
                    forgotNanos = System.nanoTime();
                }
            } catch (IOException | RuntimeException e) {
                if (!look.isStopped()) {
                    means.counts().failed();
                }
                trouble = say(e, trouble);
                pause = pause.compareTo(AFTER_TROUBLE) > 0 ? pause : AFTER_TROUBLE;
            }
            look.pause(pause.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** The same trouble is a warning once. */
    private String say(Exception e, String before) {
        String text = e instanceof SeraiException known ? known.text() : String.valueOf(e);
        if (e instanceof SeraiException known && known.kind() == ErrorKind.FENCED) {
            LOG.info("Route {}: {}", plan.route(), text);
        } else if (!text.equals(before)) {
            LOG.warn("Route {}: {} cannot be looked through: {}; tried again", plan.route(), plan.folder(), text, e);
        }
        return text;
    }
}
