package io.serai.cluster.ledger;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.FileId;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The ledger in table transfer; what runs on this node comes from memory. */
public final class JdbcLedger implements Ledger {
    private static final int STEP = 500;

    private final Database database;
    private final Fence fence;
    private final RunningTransfers running;
    private final LedgerWriter writer;
    private final InstantSource clock;

    public JdbcLedger(
            Database database, Fence fence, RunningTransfers running, LedgerWriter writer, InstantSource clock) {
        this.database = database;
        this.fence = fence;
        this.running = running;
        this.writer = writer;
        this.clock = clock;
    }

    @Override
    public List<TransferRow> find(TransferFilter filter) {
        if (filter.offset() > MOST_FOUND - filter.limit()) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "offset and limit together are more than " + MOST_FOUND
                            + ": a search reaches so many of the newest transfers; find older ones by until, the time"
                            + " at which they started before");
        }
        int end = filter.offset() + filter.limit();
        TransferQuery query = new TransferQuery(filter);
        Map<TransferId, TransferRow> found = new LinkedHashMap<>();
        for (TransferRow row : database.read(connection -> query.run(connection, end))) {
            found.put(row.id(), row);
        }
        for (TransferRow row : running.rows()) {
            TransferRow stored = found.get(row.id());
            if (query.matches(row) && (stored == null || stored.state() == TransferState.RUNNING)) {
                found.put(row.id(), row);
            }
        }
        return found.values().stream()
                .sorted(Comparator.comparing(TransferRow::started).reversed())
                .limit(end)
                .skip(filter.offset())
                .toList();
    }

    @Override
    public Optional<TransferRow> get(TransferId id) {
        Optional<TransferRow> stored =
                one(select("where id = ?", id.value())).filter(row -> row.state() != TransferState.RUNNING);
        return stored.or(() -> running.row(id)).or(() -> one(select("where id = ?", id.value())));
    }

    private static Optional<TransferRow> one(List<TransferRow> rows) {
        return rows.stream().findFirst();
    }

    @Override
    public List<TransferRow> ofFile(FileId file) {
        return select("where file_id = ? order by started_at, id", file.value());
    }

    private List<TransferRow> select(String condition, Object value) {
        return database.read(connection -> {
            String sql = "select " + TransferTable.COLUMNS + " from transfer " + condition;
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setObject(1, value);
                return rows(statement);
            }
        });
    }

    static List<TransferRow> rows(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            List<TransferRow> found = new ArrayList<>();
            while (rows.next()) {
                found.add(TransferTable.read(rows));
            }
            return found;
        }
    }

    @Override
    public boolean cancel(TransferId id, String by) {
        boolean here = running.cancel(id, by);
        boolean stored = database.transaction(connection -> requestCancel(connection, id, by));
        return here || stored;
    }

    private static boolean requestCancel(Connection connection, TransferId id, String by) throws SQLException {
        String sql = """
                update transfer set cancel_requested_at = clock_timestamp(), cancel_requested_by = ?
                where id = ? and state = 'running'""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, by);
            statement.setObject(2, id.value());
            return statement.executeUpdate() == 1;
        }
    }

    @Override
    public Download downloadStarted(NewDownload download) {
        RunningDownload started = new RunningDownload(download, fence.token(), writer, clock);
        started.register(running);
        return started;
    }

    @Override
    public TransferState uploadState(TransferId transfer, SessionId session, AccountName account) {
        return one(select("where id = ?", transfer.value()))
                .filter(row -> isUploadOf(row, session, account))
                .map(TransferRow::state)
                .orElse(TransferState.RUNNING);
    }

    private static boolean isUploadOf(TransferRow row, SessionId session, AccountName account) {
        return row.kind() == TransferKind.UPLOAD
                && session.toString().equals(row.session())
                && account.value().equals(row.account());
    }

    @Override
    public TransferState endUpload(LostUpload upload) {
        Optional<TransferRow> known =
                one(select("where id = ?", upload.transfer().value()));
        if (known.filter(other -> !isUploadOf(other, upload.session(), upload.account()))
                .isPresent()) {
            return TransferState.ABORTED;
        }
        FencingToken token = fence.token();
        TransferRow row = new TransferRow(
                upload.transfer(),
                FileId.random(),
                TransferKind.UPLOAD,
                TransferState.ABORTED,
                upload.account().value(),
                null,
                TransferTable.word(upload.protocol()),
                upload.listener(),
                upload.path(),
                0,
                null,
                upload.peer(),
                upload.session().toString(),
                null,
                null,
                token.node().value(),
                1,
                ErrorCode.INTERRUPTED.name(),
                "the server that took it was lost before it was committed",
                clock.instant(),
                null);
        boolean ended = database.transaction(
                connection -> TransferTable.put(connection, new TransferTable.Entry(row, token, 0, null)));
        TransferState state = uploadState(upload.transfer(), upload.session(), upload.account());
        return ended || state == TransferState.RUNNING ? TransferState.ABORTED : state;
    }

    @Override
    public int forget(Duration olderThan) {
        int total = 0;
        int removed;
        do {
            removed = database.transaction(connection -> forgetSome(connection, olderThan));
            total += removed;
        } while (removed == STEP);
        return total;
    }

    /** What still has content, or a live event, or an owed name, is not forgotten. */
    private static int forgetSome(Connection connection, Duration olderThan) throws SQLException {
        String sql = """
                delete from transfer where id in (
                    select t.id from transfer t
                    where t.ended_at < clock_timestamp() - ? * interval '1 second'
                      and t.started_at < clock_timestamp() - ? * interval '1 second'
                      and t.content_until is null
                      and not (t.kind = 'upload' and t.state = 'completed' and t.published_at is null)
                      and not exists (select 1 from event e where e.transfer_id = t.id)
                      and not exists (select 1 from event e where e.id = t.event_id)
                    limit ?)""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, olderThan.toSeconds());
            statement.setLong(2, olderThan.toSeconds());
            statement.setInt(3, STEP);
            return statement.executeUpdate();
        }
    }
}
