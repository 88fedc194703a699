package io.serai.cluster.limit;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * The places for parallel transfers of an account or site in the whole cluster. A place that gets free makes the next
 * event ready that waits for one. Safe for use by many threads.
 */
public final class LimitSlots {
    private static final int LOCKS = 64;
    private static final String TAKE = "select take_slot(?, ?, ?, ?, ?, ?)";
    private static final String OF_EPOCH = "select id from limit_slot where epoch = ?";
    private static final String FREE = "select free_slots(?)";

    private final Database database;
    private final Fence fence;
    private final Runnable eventsAreReady;
    private final RowRemover remover;
    /** Those that are being asked for and those that were got and not given back. */
    private final Set<UUID> held = ConcurrentHashMap.newKeySet();

    private final List<ReentrantLock> locks =
            Stream.generate(ReentrantLock::new).limit(LOCKS).toList();

    /** @param eventsAreReady tells who claims events that some are ready */
    LimitSlots(Database database, Fence fence, Runnable eventsAreReady) {
        this.database = database;
        this.fence = fence;
        this.eventsAreReady = eventsAreReady;
        this.remover = new RowRemover("slot-remover", this::free);
    }

    /** A place that was taken; closing it gives it back, soon and in the background. Idempotent. */
    public interface Slot extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Takes a place; empty when the owner's are all in use.
     *
     * @param most how many the owner may have at the same time in the whole cluster
     * @throws SeraiException {@code FENCED} when this node's lease is over, another when the database did not answer
     */
    public Optional<Slot> take(LimitOwner owner, int most) {
        FencingToken token = fence.token();
        UUID id = UUID.randomUUID();
        ReentrantLock lock = locks.get(Math.floorMod(owner.hashCode(), LOCKS));
        // One connection at a time asks for an owner: the others would only wait for the same lock in the database.
        String outcome;
        lock.lock();
        try {
            held.add(id);
            outcome = ask(id, owner, most, token);
        } catch (RuntimeException e) {
            // A statement without an answer may have taken it, or take it later.
            held.remove(id);
            remover.remove(id);
            throw e;
        } finally {
            lock.unlock();
        }
        if (!outcome.equals("taken") && !outcome.equals("woken")) {
            held.remove(id);
        }
        return switch (outcome) {
            case "taken" -> Optional.of(slot(id));
            case "woken" -> {
                eventsAreReady.run();
                yield Optional.of(slot(id));
            }
            case "full" -> Optional.empty();
            default ->
                throw new SeraiException(
                        ErrorCode.FENCED, "the lease of node " + token.node() + " is over; it begins no transfers");
        };
    }

    private Slot slot(UUID id) {
        AtomicBoolean closed = new AtomicBoolean();
        return () -> {
            if (closed.compareAndSet(false, true)) {
                held.remove(id);
                remover.remove(id);
            }
        };
    }

    private String ask(UUID id, LimitOwner owner, int most, FencingToken token) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(TAKE)) {
                statement.setObject(1, id);
                statement.setString(2, owner.word());
                statement.setString(3, owner.name());
                statement.setInt(4, most);
                statement.setString(5, token.node().value());
                statement.setLong(6, token.epoch());
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    return row.getString(1);
                }
            }
        });
    }

    /** Gives back this node's places that nobody here holds; they were left by statements without an answer. */
    void removeOthers(FencingToken token) {
        List<UUID> rows = ofEpoch(token.epoch());
        // Looked at after the rows: a place is held here before it is asked for.
        rows.stream().filter(id -> !held.contains(id)).forEach(remover::remove);
    }

    List<UUID> ofEpoch(long epoch) {
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(OF_EPOCH)) {
                statement.setLong(1, epoch);
                return RowRemover.ids(statement);
            }
        });
    }

    /** Gives places back, of whichever node. */
    void free(List<UUID> ids) {
        int woken = database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(FREE)) {
                statement.setArray(1, connection.createArrayOf("uuid", ids.toArray()));
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    return row.getInt(1);
                }
            }
        });
        if (woken > 0) {
            eventsAreReady.run();
        }
    }

    void start() {
        remover.start();
    }

    void stop() {
        remover.stop();
    }
}
