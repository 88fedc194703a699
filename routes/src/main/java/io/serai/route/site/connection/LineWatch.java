package io.serai.route.site.connection;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts lines on which no byte moves for longer than their limit while an operation is under way, so that a frozen site
 * cannot hold a thread for ever. Two threads do this for all lines.
 */
public final class LineWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LineWatch.class);
    private static final Duration PERIOD = Duration.ofMillis(250);

    private final Map<Line, Duration> watched = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2, task -> {
        Thread thread = new Thread(task, "site-line-watch");
        thread.setDaemon(true);
        return thread;
    });

    public LineWatch() {
        every(PERIOD, this::check);
    }

    /** Watches the line until the watch is closed. */
    public Watch watch(Line line, Duration limit) {
        line.touch();
        watched.put(line, limit);
        return () -> watched.remove(line);
    }

    /** Runs something now and then on the watch's thread; it must not block for long. */
    public void every(Duration period, Runnable task) {
        timer.scheduleWithFixedDelay(task, period.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** A line under watch. */
    @FunctionalInterface
    public interface Watch extends AutoCloseable {
        @Override
        void close();
    }

    private void check() {
        watched.forEach((line, limit) -> {
            if (line.still().compareTo(limit) > 0) {
                line.cut(Line.Cut.STALLED);
            }
        });
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
