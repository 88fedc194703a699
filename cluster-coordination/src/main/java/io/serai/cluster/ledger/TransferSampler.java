package io.serai.cluster.ledger;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.node.NodeFence;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows this node's longer transfers to the whole cluster: once a second those that have run for a second get or keep a
 * row with the bytes so far, and requests of other nodes to cancel them are carried out. Short transfers cost nothing.
 */
public final class TransferSampler {
    private static final Logger LOG = LoggerFactory.getLogger(TransferSampler.class);
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final Database database;
    private final Fence fence;
    private final RunningTransfers running;
    private final InstantSource clock;
    private @Nullable ScheduledExecutorService rounds;

    public TransferSampler(Database database, Fence fence, RunningTransfers running, InstantSource clock) {
        this.database = database;
        this.fence = fence;
        this.running = running;
        this.clock = clock;
    }

    public synchronized void start() {
        if (rounds == null) {
            ScheduledExecutorService fresh = Executors.newSingleThreadScheduledExecutor(task -> {
                Thread thread = new Thread(task, "transfer-sampler");
                thread.setDaemon(true);
                return thread;
            });
            var unused = fresh.scheduleWithFixedDelay(
                    this::round, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
            rounds = fresh;
        }
    }

    public synchronized void stop() {
        if (rounds != null) {
            rounds.shutdown();
            rounds = null;
        }
    }

    private void round() {
        try {
            sample();
        } catch (SeraiException e) {
            if (e.kind() == ErrorKind.DEFECT) {
                LOG.error("Running transfers cannot be shown", e);
            } else {
                LOG.debug("Running transfers are not shown this second: {}", e.text());
            }
        } catch (RuntimeException e) {
            LOG.error("Running transfers cannot be shown", e);
        }
    }

    /** One round; usually called by the sampler's own thread. */
    void sample() {
        if (running.isEmpty()) {
            return;
        }
        FencingToken token = fence.token();
        Instant now = clock.instant();
        List<TransferTable.Entry> entries = new ArrayList<>();
        for (TransferRow row : running.rows()) {
            Duration age = Duration.between(row.started(), now);
            if (age.compareTo(INTERVAL) >= 0) {
                entries.add(new TransferTable.Entry(row, token, age.toMillis(), null));
            }
        }
        Map<TransferId, String> cancels = database.transaction(connection -> {
            // A row written after the takeover of this epoch would say running for ever.
            NodeFence.guard(connection, token);
            if (!entries.isEmpty()) {
                TransferTable.putAll(connection, entries);
            }
            return cancelRequests(connection, token);
        });
        cancels.forEach(running::cancel);
    }

    private static Map<TransferId, String> cancelRequests(Connection connection, FencingToken token)
            throws SQLException {
        String sql = """
                select id, cancel_requested_by from transfer
                where epoch = ? and state = 'running' and cancel_requested_at is not null""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, token.epoch());
            Map<TransferId, String> found = new LinkedHashMap<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    String by = rows.getString(2);
                    found.put(new TransferId(rows.getObject(1, UUID.class)), by == null ? "an operator" : by);
                }
            }
            return found;
        }
    }
}
