package io.serai.cluster.node;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds nodes whose lease has ended, by the database's clock, and does what they left.
 *
 * <p>A boot is marked dead and recorded in the table of takeovers in one transaction, exactly once; then the steps run,
 * and run again until all have succeeded. If the node that took over dies itself, another one goes on. A node that
 * registers records the takeover of its own former boot the same way.
 */
public final class Takeover implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Takeover.class);

    private final Database database;
    private final Fence fence;
    private final List<TakeoverStep> steps;
    private final Duration interval;
    private final ScheduledExecutorService rounds = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "takeover");
        thread.setDaemon(true);
        return thread;
    });

    /** {@code interval}: how often to look, about half a lease. */
    public Takeover(Database database, Fence fence, List<TakeoverStep> steps, Duration interval) {
        this.database = database;
        this.fence = fence;
        this.steps = List.copyOf(steps);
        this.interval = interval;
    }

    /** Does at once what this node's own former boot left, then looks for dead nodes from time to time. */
    public void start() {
        round();
        var unused = rounds.scheduleWithFixedDelay(
                this::round, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        rounds.shutdown();
        try {
            if (!rounds.awaitTermination(30, TimeUnit.SECONDS)) {
                rounds.shutdownNow();
            }
        } catch (InterruptedException e) {
            rounds.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private void round() {
        try {
            takeOverNow();
        } catch (SeraiException e) {
            if (e.kind() == ErrorKind.FENCED || e.kind() == ErrorKind.RESOURCE) {
                LOG.debug("Looking for dead nodes was given up this time: {}", e.text());
            } else {
                LOG.error("Looking for dead nodes failed; tried again in {} s", interval.toSeconds(), e);
            }
        } catch (RuntimeException e) {
            LOG.error("Looking for dead nodes failed; tried again in {} s", interval.toSeconds(), e);
        }
    }

    /** One round; the number of boots whose takeover was finished in it. */
    public int takeOverNow() {
        FencingToken token = fence.token();
        markDeadNodes(token);
        int finished = 0;
        for (Open open : claimOpen(token)) {
            Optional<String> report = runSteps(open.dead());
            if (report.isPresent()) {
                finish(token, open, report.get());
                finished++;
            }
        }
        return finished;
    }

    private record Open(long id, DeadBoot dead) {}

    private void markDeadNodes(FencingToken token) {
        String sql = """
                update node set state = 'dead'
                where name in (
                    select name from node
                    where state in ('active', 'draining') and lease_until <= clock_timestamp()
                    for update skip locked)
                returning name, epoch, boot_id""";
        List<DeadBoot> found = database.transaction(connection -> {
            NodeFence.guard(connection, token);
            List<DeadBoot> dead = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(sql);
                    ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    dead.add(deadBoot(rows, 1));
                }
            }
            for (DeadBoot boot : dead) {
                record(connection, boot, token.node());
            }
            return dead;
        });
        found.forEach(boot -> LOG.warn(
                "The lease of node {} with epoch {} has ended; this node takes its work over",
                boot.node(),
                boot.epoch()));
    }

    /** Records that a boot's work is to be taken over; a second record of the same boot changes nothing. */
    static void record(Connection connection, DeadBoot dead, NodeName taker) throws SQLException {
        String sql = """
                insert into takeover (node, epoch, boot_id, taken_by) values (?, ?, ?, ?)
                on conflict (epoch) do nothing""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, dead.node().value());
            statement.setLong(2, dead.epoch());
            statement.setObject(3, dead.bootId());
            statement.setString(4, taker.value());
            statement.executeUpdate();
        }
    }

    /** This node's unfinished takeovers, and those of takers that are dead themselves. */
    private List<Open> claimOpen(FencingToken token) {
        String sql = """
                update takeover set taken_by = ?
                where finished_at is null and (taken_by = ? or not exists (
                    select 1 from node
                    where name = taken_by and state in ('active', 'draining') and lease_until > clock_timestamp()))
                returning node, epoch, boot_id, id""";
        return database.transaction(connection -> {
            NodeFence.guard(connection, token);
            List<Open> open = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setString(1, token.node().value());
                statement.setString(2, token.node().value());
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        open.add(new Open(rows.getLong(4), deadBoot(rows, 1)));
                    }
                }
            }
            return open;
        });
    }

    private static DeadBoot deadBoot(ResultSet rows, int from) throws SQLException {
        return new DeadBoot(
                new NodeName(rows.getString(from)), rows.getLong(from + 1), rows.getObject(from + 2, UUID.class));
    }

    /** Runs every step; what they did, or nothing when one failed and all have to run again. */
    private Optional<String> runSteps(DeadBoot dead) {
        StringJoiner report = new StringJoiner(", ");
        boolean complete = true;
        for (TakeoverStep step : steps) {
            try {
                report.add(step.subject() + ": " + step.takeOver(dead));
            } catch (RuntimeException e) {
                complete = false;
                LOG.error(
                        "Taking over {} of node {} with epoch {} failed; tried again in {} s",
                        step.subject(),
                        dead.node(),
                        dead.epoch(),
                        interval.toSeconds(),
                        e);
            }
        }
        return complete ? Optional.of(report.toString()) : Optional.empty();
    }

    private void finish(FencingToken token, Open open, String report) {
        String sql = "update takeover set finished_at = clock_timestamp(), report = ? where id = ? and taken_by = ?";
        database.execute(connection -> {
            NodeFence.guard(connection, token);
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setString(1, report);
                statement.setLong(2, open.id());
                statement.setString(3, token.node().value());
                statement.executeUpdate();
            }
        });
        LOG.info(
                "Took over node {} with epoch {}: {}",
                open.dead().node(),
                open.dead().epoch(),
                report);
    }
}
