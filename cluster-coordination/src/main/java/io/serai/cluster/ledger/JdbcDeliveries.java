package io.serai.cluster.ledger;

import io.serai.cluster.database.Database;
import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.FileId;
import io.serai.config.name.HostPort;
import io.serai.config.name.TransferId;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Deliveries in the tables delivery and transfer. Every change first locks the event's row against other owners; when
 * the event is not claimed under the token any more, nothing changes and the caller gets {@code FENCED}.
 */
public final class JdbcDeliveries implements Deliveries {
    /** More than a site can have of one delivery: only nodes that die in its midst, one after the other, add to them. */
    private static final int MOST_PARTS = 20;

    private final Database database;
    private final RunningTransfers running;

    public JdbcDeliveries(Database database, RunningTransfers running) {
        this.database = database;
        this.running = running;
    }

    @Override
    public Delivery begin(ClaimedEvent event, String stepKey, Target target) {
        return database.transaction(connection -> {
            requireClaim(connection, event);
            Optional<Delivery> found = find(connection, event, stepKey);
            if (found.isEmpty()) {
                return beginFirst(connection, event, stepKey, target);
            }
            Delivery delivery = found.get();
            return switch (delivery.stage()) {
                case DELIVERED -> delivery;
                case RENAMING -> {
                    goOn(connection, delivery);
                    yield delivery;
                }
                case SENDING -> {
                    Delivery anew = sendAnew(delivery, target);
                    goOn(connection, anew);
                    yield anew;
                }
            };
        });
    }

    private static Delivery sendAnew(Delivery earlier, Target target) {
        List<Part> parts = Stream.concat(Stream.of(earlier.part()), earlier.parts().stream())
                .limit(MOST_PARTS)
                .toList();
        return new Delivery(
                earlier.event(),
                earlier.stepKey(),
                earlier.transfer(),
                Stage.SENDING,
                target.tempName(),
                target.finalName(),
                target.sourceSha256(),
                parts,
                0,
                Optional.empty(),
                target.address());
    }

    private static Delivery beginFirst(Connection connection, ClaimedEvent event, String stepKey, Target target)
            throws SQLException {
        TransferId transfer = TransferId.random();
        insertTransfer(connection, event, transfer, target);
        String sql = """
                insert into delivery (event_id, step_key, transfer_id, site, temp_name, final_name, state, epoch,
                    source_sha256, part_addresses)
                values (?, ?, ?, ?, ?, ?, 'sending', ?, ?, ?)""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, event.id().value());
            statement.setString(2, stepKey);
            statement.setObject(3, transfer.value());
            statement.setString(4, target.site().value());
            statement.setString(5, target.tempName());
            statement.setString(6, target.finalName());
            statement.setLong(7, event.token().epoch());
            statement.setString(8, target.sourceSha256().orElse(null));
            Part part = new Part(target.tempName(), target.sourceSha256(), target.address());
            statement.setArray(9, addresses(connection, List.of(part)));
            statement.executeUpdate();
        }
        return new Delivery(
                event,
                stepKey,
                transfer,
                Stage.SENDING,
                target.tempName(),
                target.finalName(),
                target.sourceSha256(),
                List.of(),
                0,
                Optional.empty(),
                target.address());
    }

    private static void insertTransfer(Connection connection, ClaimedEvent event, TransferId transfer, Target target)
            throws SQLException {
        String sql = """
                insert into transfer (id, file_id, direction, kind, state, site, protocol, path, peer, route_id,
                    event_id, node, epoch, started_at)
                values (?, ?, 'out', 'delivery', 'running', ?, ?, ?, ?, ?, ?, ?, ?, clock_timestamp())""";
        FencingToken token = event.token();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, transfer.value());
            statement.setObject(2, event.file().orElseGet(FileId::random).value());
            statement.setString(3, target.site().value());
            statement.setString(4, TransferTable.word(target.protocol()));
            statement.setString(5, target.finalName());
            statement.setString(6, target.peer());
            statement.setString(7, event.route().value());
            statement.setLong(8, event.id().value());
            statement.setString(9, token.node().value());
            statement.setLong(10, token.epoch());
            statement.executeUpdate();
        }
    }

    /** A further attempt: the same ledger row runs again. */
    private static void goOn(Connection connection, Delivery delivery) throws SQLException {
        FencingToken token = delivery.event().token();
        String names = """
                update delivery set temp_name = ?, source_sha256 = ?, stale_temp_names = ?, stale_sha256 = ?,
                    part_addresses = ?, final_name = ?, epoch = ?, updated_at = clock_timestamp()
                where event_id = ? and step_key = ?""";
        try (PreparedStatement statement = connection.prepareStatement(names)) {
            setParts(statement, delivery.part(), delivery.parts());
            statement.setString(6, delivery.finalName());
            statement.setLong(7, token.epoch());
            statement.setLong(8, delivery.event().id().value());
            statement.setString(9, delivery.stepKey());
            requireOne(statement.executeUpdate(), delivery.event());
        }
        String row = """
                update transfer set state = 'running', attempts = attempts + 1, node = ?, epoch = ?, path = ?,
                    error_code = null, error_text = null, ended_at = null,
                    cancel_requested_at = null, cancel_requested_by = null
                where id = ?""";
        try (PreparedStatement statement = connection.prepareStatement(row)) {
            statement.setString(1, token.node().value());
            statement.setLong(2, token.epoch());
            statement.setString(3, delivery.finalName());
            statement.setObject(4, delivery.transfer().value());
            requireOne(statement.executeUpdate(), delivery.event());
        }
    }

    /** What may be at the site after a failed attempt is what the next one finds. */
    private static void keepParts(Connection connection, Delivery delivery, List<Part> left) throws SQLException {
        String sql = """
                update delivery set temp_name = ?, source_sha256 = ?, stale_temp_names = ?, stale_sha256 = ?,
                    part_addresses = ?, updated_at = clock_timestamp()
                where event_id = ? and step_key = ? and temp_name = ? and state = 'sending'""";
        Part newest = left.isEmpty() ? delivery.part() : left.get(0);
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            setParts(statement, newest, left.stream().skip(1).toList());
            statement.setLong(6, delivery.event().id().value());
            statement.setString(7, delivery.stepKey());
            statement.setString(8, delivery.tempName());
            statement.executeUpdate();
        }
    }

    private static void setParts(PreparedStatement statement, Part newest, List<Part> others) throws SQLException {
        Connection connection = statement.getConnection();
        Object[] names = others.stream().map(Part::tempName).toArray();
        Object[] sources =
                others.stream().map(part -> part.sourceSha256().orElse(null)).toArray();
        statement.setString(1, newest.tempName());
        statement.setString(2, newest.sourceSha256().orElse(null));
        statement.setArray(3, connection.createArrayOf("text", names));
        statement.setArray(4, connection.createArrayOf("text", sources));
        List<Part> all = Stream.concat(Stream.of(newest), others.stream()).toList();
        statement.setArray(5, addresses(connection, all));
    }

    /** By name and not by place: what a node of an older version adds has no address, and does not move the others'. */
    private static Array addresses(Connection connection, List<Part> parts) throws SQLException {
        Object[] pairs = parts.stream()
                .flatMap(part ->
                        part.address().stream().flatMap(address -> Stream.of(part.tempName(), address.toString())))
                .toArray();
        return connection.createArrayOf("text", pairs);
    }

    @Override
    public Delivery at(Delivery delivery, HostPort address) {
        Delivery moved = delivery.at(address);
        String sql = """
                update delivery set part_addresses = ?, updated_at = clock_timestamp()
                where event_id = ? and step_key = ? and temp_name = ? and epoch = ? and state = 'sending'""";
        List<Part> all =
                Stream.concat(Stream.of(moved.part()), moved.parts().stream()).toList();
        database.execute(connection -> {
            requireClaim(connection, delivery.event());
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setArray(1, addresses(connection, all));
                statement.setLong(2, delivery.event().id().value());
                statement.setString(3, delivery.stepKey());
                statement.setString(4, delivery.tempName());
                statement.setLong(5, delivery.event().token().epoch());
                requireOne(statement.executeUpdate(), delivery.event());
            }
        });
        return moved;
    }

    @Override
    public void renaming(Delivery delivery, long sizeBytes, String sha256) {
        database.execute(connection -> {
            requireClaim(connection, delivery.event());
            setStage(connection, delivery, Stage.RENAMING, sizeBytes, sha256);
        });
    }

    @Override
    public void requireOwned(Delivery delivery) {
        database.execute(connection -> requireClaim(connection, delivery.event()));
    }

    @Override
    public void delivered(Delivery delivery, long sizeBytes, String sha256) {
        database.execute(connection -> {
            requireClaim(connection, delivery.event());
            setStage(connection, delivery, Stage.DELIVERED, sizeBytes, sha256);
            endTransfer(connection, delivery, new Ending(TransferState.COMPLETED, sizeBytes, sha256, null, null));
        });
    }

    @Override
    public void failed(Delivery delivery, ErrorCode code, String text, long bytesSent, List<Part> left) {
        TransferState state = code == ErrorCode.CANCELLED ? TransferState.CANCELLED : TransferState.FAILED;
        database.execute(connection -> {
            requireClaim(connection, delivery.event());
            keepParts(connection, delivery, left);
            endTransfer(connection, delivery, new Ending(state, bytesSent, null, code, text));
        });
    }

    private static void setStage(Connection connection, Delivery delivery, Stage stage, long sizeBytes, String sha256)
            throws SQLException {
        String sql = """
                update delivery set state = ?, size_bytes = ?, sha256 = ?, updated_at = clock_timestamp()
                where event_id = ? and step_key = ? and temp_name = ? and epoch = ?""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, TransferTable.word(stage));
            statement.setLong(2, sizeBytes);
            statement.setString(3, sha256);
            statement.setLong(4, delivery.event().id().value());
            statement.setString(5, delivery.stepKey());
            statement.setString(6, delivery.tempName());
            statement.setLong(7, delivery.event().token().epoch());
            requireOne(statement.executeUpdate(), delivery.event());
        }
    }

    private record Ending(
            TransferState state,
            long sizeBytes,
            @Nullable String sha256,
            @Nullable ErrorCode code,
            @Nullable String text) {}

    private static void endTransfer(Connection connection, Delivery delivery, Ending ending) throws SQLException {
        String sql = """
                update transfer set state = ?, size_bytes = ?, sha256 = ?, error_code = ?, error_text = ?,
                    ended_at = clock_timestamp()
                where id = ? and state in ('running', 'failed')""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, TransferTable.word(ending.state()));
            statement.setLong(2, ending.sizeBytes());
            statement.setString(3, ending.sha256());
            statement.setString(4, ending.code() == null ? null : ending.code().name());
            statement.setString(5, TransferTable.clean(ending.text()));
            statement.setObject(6, delivery.transfer().value());
            requireOne(statement.executeUpdate(), delivery.event());
        }
    }

    /** What an earlier attempt recorded. */
    private static Optional<Delivery> find(Connection connection, ClaimedEvent event, String stepKey)
            throws SQLException {
        String sql = """
                select transfer_id, state, temp_name, final_name, size_bytes, sha256, source_sha256, stale_temp_names,
                    stale_sha256, part_addresses, (select peer from transfer where id = transfer_id)
                from delivery
                where event_id = ? and step_key = ? for update""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, event.id().value());
            statement.setString(2, stepKey);
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    return Optional.empty();
                }
                Map<String, HostPort> addresses = addresses(rows, 10);
                Stage stage = Stage.valueOf(rows.getString(2).toUpperCase(Locale.ROOT));
                Optional<HostPort> address = Optional.ofNullable(addresses.get(rows.getString(3)));
                String peer = rows.getString(11);
                return Optional.of(new Delivery(
                        event,
                        stepKey,
                        new TransferId(rows.getObject(1, UUID.class)),
                        stage,
                        rows.getString(3),
                        rows.getString(4),
                        Optional.ofNullable(rows.getString(7)),
                        parts(rows, 8, addresses),
                        rows.getLong(5),
                        Optional.ofNullable(rows.getString(6)),
                        stage == Stage.RENAMING ? address.or(() -> ofPeer(peer)) : address));
            }
        }
    }

    /**
     * Where a node of an older version was to rename: it recorded no address, but the transfer's peer, which is the site's host
     * and port at the first attempt.
     */
    private static Optional<HostPort> ofPeer(@Nullable String peer) {
        int colon = peer == null ? -1 : peer.lastIndexOf(':');
        return peer == null || colon < 0
                ? Optional.empty()
                : Optional.of(new HostPort(peer.substring(0, colon), Integer.parseInt(peer.substring(colon + 1))));
    }

    private static Map<String, HostPort> addresses(ResultSet rows, int column) throws SQLException {
        String[] pairs = (String[]) rows.getArray(column).getArray();
        Map<String, HostPort> addresses = new HashMap<>();
        for (int i = 0; i + 1 < pairs.length; i += 2) {
            var unused = addresses.putIfAbsent(pairs[i], HostPort.parse(pairs[i + 1], 0));
        }
        return addresses;
    }

    private static List<Part> parts(ResultSet rows, int from, Map<String, HostPort> addresses) throws SQLException {
        String[] names = (String[]) rows.getArray(from).getArray();
        String[] sources = (String[]) rows.getArray(from + 1).getArray();
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            parts.add(
                    new Part(names[i], Optional.ofNullable(sources[i]), Optional.ofNullable(addresses.get(names[i]))));
        }
        return parts;
    }

    /**
     * The lock keeps the claim from being given to another node until this transaction has ended. The number of the
     * attempt tells a claim from an earlier one of the same node.
     */
    private static void requireClaim(Connection connection, ClaimedEvent event) throws SQLException {
        String sql = "select 1 from event where id = ? and state = 'claimed' and claimed_epoch = ? and attempts = ?"
                + " for share";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, event.id().value());
            statement.setLong(2, event.token().epoch());
            statement.setInt(3, event.attempt() - 1);
            try (ResultSet rows = statement.executeQuery()) {
                requireOne(rows.next() ? 1 : 0, event);
            }
        }
    }

    private static void requireOne(int changed, ClaimedEvent event) {
        if (changed != 1) {
            throw new SeraiException(
                    ErrorCode.FENCED,
                    "event " + event.id() + " is not claimed by node "
                            + event.token().node() + " with epoch "
                            + event.token().epoch() + " any more; nothing was written");
        }
    }

    @Override
    public AutoCloseable onCancel(TransferId transfer, Runnable cancel) {
        return running.add(transfer, new RunningTransfers.Running() {
            @Override
            public Optional<TransferRow> row() {
                return Optional.empty();
            }

            @Override
            public void cancel(String by) {
                cancel.run();
            }
        });
    }
}
