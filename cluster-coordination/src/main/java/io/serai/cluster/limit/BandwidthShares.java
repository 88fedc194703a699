package io.serai.cluster.limit;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bandwidth of accounts and sites in the whole cluster. A node that has running transfers of an owner asks the
 * database every second what it may use: its share by the number of transfers, never more than what the other nodes have
 * left of the limit, so that all together never have more than the limit. Without an answer it goes on with the last one.
 *
 * <p>Its monitor guards the owners; the database is asked without it.
 */
public final class BandwidthShares {
    private static final Logger LOG = LoggerFactory.getLogger(BandwidthShares.class);
    private static final Duration EVERY = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(200);

    private static final String ASK = """
            select o.place, ask_bandwidth(o.kind, o.owner, o.bytes, o.running, ?, ?)
              from unnest(?::text[], ?::text[], ?::int8[], ?::int4[]) with ordinality
                   as o (kind, owner, bytes, running, place)
            """;
    private static final String DONE = "delete from bandwidth_share where kind = ? and owner = ? and epoch = ?";

    private final Database database;
    private final Fence fence;
    private final Map<LimitOwner, Share> shares = new HashMap<>();
    private final ScheduledExecutorService rounds = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "bandwidth-shares");
        thread.setDaemon(true);
        return thread;
    });

    BandwidthShares(Database database, Fence fence) {
        this.database = database;
        this.fence = fence;
    }

    /** A running transfer under a limit. Closed when it is over; idempotent. */
    public interface Flow extends AutoCloseable {
        /** For transfers without a limit. */
        Flow UNLIMITED = new Flow() {
            @Override
            public void moved(long bytes) {
                // Nobody counts.
            }

            @Override
            public Duration pause() {
                return Duration.ZERO;
            }

            @Override
            public void close() {
                // Nothing was taken.
            }
        };

        /** Bytes were moved. */
        void moved(long bytes);

        /**
         * How long to wait before more is moved; ask again after that, until it is zero. Waiting is the caller's, where
         * it holds nothing that others need.
         */
        Duration pause();

        @Override
        void close();
    }

    private static final class Share {
        private final TokenBucket bucket = new TokenBucket(System::nanoTime);
        private long limit;
        private int running;
    }

    private record Question(LimitOwner owner, long limit, int running, Share share) {}

    /** A transfer of the owner begins. */
    public Flow open(LimitOwner owner, long bytesPerSecond) {
        Share share;
        boolean first;
        synchronized (this) {
            first = !shares.containsKey(owner);
            share = shares.computeIfAbsent(owner, unknown -> new Share());
            share.limit = bytesPerSecond;
            share.running++;
        }
        if (first) {
            submit(this::round);
        }
        return new RunningFlow(owner, share);
    }

    private final class RunningFlow implements Flow {
        private final LimitOwner owner;
        private final Share share;
        private final AtomicBoolean closed = new AtomicBoolean();

        RunningFlow(LimitOwner owner, Share share) {
            this.owner = owner;
            this.share = share;
        }

        @Override
        public void moved(long bytes) {
            share.bucket.charge(bytes);
        }

        @Override
        public Duration pause() {
            return share.bucket.pause(LONGEST_PAUSE);
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                over(owner, share);
            }
        }
    }

    private void over(LimitOwner owner, Share share) {
        synchronized (this) {
            share.running--;
            if (share.running > 0) {
                return;
            }
        }
        submit(() -> forget(owner));
    }

    private void submit(Runnable work) {
        try {
            rounds.execute(work);
        } catch (RejectedExecutionException e) {
            LOG.debug("The node stops; shares of bandwidth go with its lease");
        }
    }

    /** On the thread of the rounds, like the questions, so that no answer comes after it. */
    private void forget(LimitOwner owner) {
        synchronized (this) {
            Share share = shares.get(owner);
            if (share == null || share.running > 0) {
                return;
            }
            shares.remove(owner);
        }
        shielded(() -> database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(DONE)) {
                statement.setString(1, owner.word());
                statement.setString(2, owner.name());
                statement.setLong(3, fence.token().epoch());
                return statement.executeUpdate();
            }
        }));
    }

    private void round() {
        List<Question> questions = new ArrayList<>();
        synchronized (this) {
            shares.forEach((owner, share) -> {
                if (share.running > 0) {
                    questions.add(new Question(owner, share.limit, share.running, share));
                }
            });
        }
        if (questions.isEmpty()) {
            return;
        }
        // All nodes take the owners' locks in the same order.
        questions.sort(Comparator.comparing(question -> question.owner().toString()));
        shielded(() -> database.statement(connection -> ask(connection, questions, fence.token())));
    }

    private static int ask(Connection connection, List<Question> questions, FencingToken token) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ASK)) {
            statement.setString(1, token.node().value());
            statement.setLong(2, token.epoch());
            Object[] kinds = questions.stream().map(q -> q.owner().word()).toArray();
            Object[] names = questions.stream().map(q -> q.owner().name()).toArray();
            statement.setArray(3, connection.createArrayOf("text", kinds));
            statement.setArray(4, connection.createArrayOf("text", names));
            Object[] limits = questions.stream().map(Question::limit).toArray();
            Object[] running = questions.stream().map(Question::running).toArray();
            statement.setArray(5, connection.createArrayOf("int8", limits));
            statement.setArray(6, connection.createArrayOf("int4", running));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    questions.get(rows.getInt(1) - 1).share().bucket.rate(rows.getLong(2));
                }
            }
            return questions.size();
        }
    }

    private static void shielded(Runnable work) {
        try {
            work.run();
        } catch (SeraiException e) {
            LOG.debug("Shares of bandwidth stay as they are: {}", e.text());
        } catch (RuntimeException e) { // the rounds must outlive any single failure
            LOG.error("Shares of bandwidth could not be asked for; tried again soon", e);
        }
    }

    void start() {
        var unused =
                rounds.scheduleWithFixedDelay(this::round, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }

    void stop() {
        rounds.shutdownNow();
    }
}
