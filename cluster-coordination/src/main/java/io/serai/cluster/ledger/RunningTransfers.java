package io.serai.cluster.ledger;

import io.serai.config.name.TransferId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The transfers that run on this node, with the bytes so far, and how to stop them. Safe for use by many threads. */
public final class RunningTransfers {
    private final Map<TransferId, Running> transfers = new ConcurrentHashMap<>();

    /** A transfer that runs. */
    public interface Running {
        /** The row as it stands now, state running; empty when the database has the row and this node only stops it. */
        Optional<TransferRow> row();

        /** Makes it stop soon; must not block. */
        void cancel(String by);
    }

    /** Takes a transfer out of the register when it has ended. Idempotent. */
    public interface Registration extends AutoCloseable {
        @Override
        void close();
    }

    public Registration add(TransferId id, Running running) {
        transfers.put(id, running);
        return () -> transfers.remove(id, running);
    }

    /** Asks a transfer of this node to stop; false when there is none of that id. */
    boolean cancel(TransferId id, String by) {
        Running running = transfers.get(id);
        if (running == null) {
            return false;
        }
        running.cancel(by);
        return true;
    }

    Optional<TransferRow> row(TransferId id) {
        return Optional.ofNullable(transfers.get(id)).flatMap(Running::row);
    }

    List<TransferRow> rows() {
        return transfers.values().stream()
                .flatMap(running -> running.row().stream())
                .toList();
    }

    boolean isEmpty() {
        return transfers.isEmpty();
    }
}
