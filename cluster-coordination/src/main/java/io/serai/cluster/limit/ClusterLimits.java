package io.serai.cluster.limit;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.DeadBoot;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.TakeoverStep;
import java.sql.PreparedStatement;
import java.util.List;
import java.util.UUID;

/** All that limits a cluster, with one life cycle; and what its takeover does about a dead node's share of it. */
public final class ClusterLimits implements TakeoverStep, AutoCloseable {
    private final Database database;
    private final Runnable eventsAreReady;
    private final SessionRegister sessions;
    private final Bans bans;
    private final LoginFailures failures;
    private final UsedProofs proofs;
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
        this.proofs = new UsedProofs(database);
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

    public UsedProofs proofs() {
        return proofs;
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

    /** They have not counted since the lease was over; now they go, sessions after a while, and what waited for the slots is ready. */
    @Override
    public int takeOver(DeadBoot dead) {
        // A statement each: the locks of owners must not be held from one to the next.
        int removed = sessions.leave(dead.epoch());
        int unused = delete("delete from bandwidth_share where epoch = ?", dead.epoch());
        List<UUID> held = slots.ofEpoch(dead.epoch());
        slots.free(held);
        eventsAreReady.run();
        return removed + held.size();
    }

    private int delete(String sql, long epoch) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setLong(1, epoch);
                return statement.executeUpdate();
            }
        });
    }
}
