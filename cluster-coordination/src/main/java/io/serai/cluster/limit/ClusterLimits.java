package io.serai.cluster.limit;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.DeadBoot;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.TakeoverStep;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;

/** All that limits a cluster, with one life cycle; and what its takeover does about a dead node's share of it. */
public final class ClusterLimits implements TakeoverStep, AutoCloseable {
    private static final String SLOTS_OF_EPOCH = "select id from limit_slot where epoch = ?";
    private static final String FREE = "select free_slots(?)";

    private final Database database;
    private final Runnable eventsAreReady;
    private final SessionRegister sessions;
    private final Bans bans;
    private final LoginFailures failures;
    private final LimitSlots slots;
    private final BandwidthShares bandwidth;
    private final LimitWatch watch;

    /** @param eventsAreReady tells who claims events that some are ready; called often, returns at once */
    public ClusterLimits(Database database, Fence fence, LockoutLimits lockout, Runnable eventsAreReady) {
        this.database = database;
        this.eventsAreReady = eventsAreReady;
        this.sessions = new SessionRegister(database, fence, lockout);
        this.bans = new Bans(database);
        this.failures = new LoginFailures(database, lockout, bans);
        this.slots = new LimitSlots(database, fence, eventsAreReady);
        this.bandwidth = new BandwidthShares(database, fence);
        this.watch = new LimitWatch(database, fence, sessions, slots, bans, failures);
    }

    public SessionRegister sessions() {
        return sessions;
    }

    public Bans bans() {
        return bans;
    }

    public LoginFailures failures() {
        return failures;
    }

    public LimitSlots slots() {
        return slots;
    }

    public BandwidthShares bandwidth() {
        return bandwidth;
    }

    /** From now on the sessions of this node are known, and it hears of those that are to end. */
    public void watchSessions(LimitWatch.NodeSessions present) {
        watch.sessions(present);
    }

    public void start() {
        sessions.start();
        slots.start();
        bandwidth.start();
        watch.start();
    }

    @Override
    public void close() {
        watch.stop();
        bandwidth.stop();
        slots.stop();
        sessions.stop();
    }

    // ---- takeover ----

    @Override
    public String subject() {
        return "sessions and slots";
    }

    /** They have not counted since the lease was over; now they go, and what waited for the slots is ready. */
    @Override
    public int takeOver(DeadBoot dead) {
        int removed = database.transaction(connection -> takeOver(connection, dead.epoch()));
        eventsAreReady.run();
        return removed;
    }

    private static int takeOver(Connection connection, long epoch) throws SQLException {
        int removed = delete(connection, "delete from partner_session where epoch = ?", epoch);
        delete(connection, "delete from bandwidth_share where epoch = ?", epoch);
        try (PreparedStatement query = connection.prepareStatement(SLOTS_OF_EPOCH);
                PreparedStatement free = connection.prepareStatement(FREE)) {
            query.setLong(1, epoch);
            List<UUID> held = RowRemover.ids(query);
            free.setArray(1, connection.createArrayOf("uuid", held.toArray()));
            free.execute();
            return removed + held.size();
        }
    }

    private static int delete(Connection connection, String sql, long epoch) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, epoch);
            return statement.executeUpdate();
        }
    }
}
