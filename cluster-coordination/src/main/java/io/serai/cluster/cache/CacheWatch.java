package io.serai.cluster.cache;

import io.serai.cluster.database.Database;
import io.serai.config.error.SeraiException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks whether the caches of all live nodes have found each other. When some have not for longer than a lease, the state
 * says so: a route's guard against duplicates then guards fewer nodes than there are. {@link #look} is of one thread.
 */
public final class CacheWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CacheWatch.class);
    /** Nodes of a release without caches do not tell their lease. */
    private static final String LIVE = "select count(*) from node where state in ('active', 'draining')"
            + " and lease_until > clock_timestamp() and lease_millis is not null";

    private final IntSupplier members;
    private final Supplier<String> state;
    private final IntSupplier live;
    private final Duration lease;
    private final InstantSource clock;
    private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "cache-watch");
        thread.setDaemon(true);
        return thread;
    });
    private volatile @Nullable Missing missing;

    private record Missing(int members, int live, Instant since) {}

    public CacheWatch(CacheLayer caches, Database database, Duration lease, InstantSource clock) {
        this(caches::members, caches::state, () -> live(database), lease, clock);
    }

    CacheWatch(IntSupplier members, Supplier<String> state, IntSupplier live, Duration lease, InstantSource clock) {
        this.members = members;
        this.state = state;
        this.live = live;
        this.lease = lease;
        this.clock = clock;
    }

    private static int live(Database database) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(LIVE);
                    ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        });
    }

    /** Looks twice in a lease from now on. */
    public void start() {
        var unused = looks.scheduleWithFixedDelay(
                this::lookSafely, 0, lease.dividedBy(2).toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        looks.shutdownNow();
    }

    private void lookSafely() {
        try {
            look();
        } catch (SeraiException e) {
            LOG.debug("How many nodes there are is not known now: {}", e.text());
        } catch (RuntimeException e) { // the looks must outlive any single failure
            LOG.error("The caches' members were not counted this time", e);
        }
    }

    void look() {
        int found = members.getAsInt();
        int wanted = found == 0 ? 0 : live.getAsInt();
        Missing before = missing;
        if (found >= wanted) {
            missing = null;
            return;
        }
        boolean wasOverdue = before != null && isOverdue(before);
        Missing now = new Missing(found, wanted, before == null ? clock.instant() : before.since());
        missing = now;
        if (!wasOverdue && isOverdue(now)) {
            LOG.warn("Caches: {}", text(now));
        }
    }

    private boolean isOverdue(Missing what) {
        return clock.instant().isAfter(what.since().plus(lease));
    }

    private static String text(Missing what) {
        return "WARNING: members: " + what.members() + ", but " + what.live()
                + " nodes live; the others run without caches (cache.enabled) or cannot be reached: set cache.address to"
                + " an address that they reach, and see that cache.port is open between the nodes";
    }

    /** For people: the caches' own state, or what is wrong with their group. */
    public String state() {
        Missing now = missing;
        return now != null && isOverdue(now) ? text(now) : state.get();
    }
}
