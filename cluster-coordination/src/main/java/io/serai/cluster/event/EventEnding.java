package io.serai.cluster.event;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** Ends events unrun: they move to the history as cancelled and what was begun to be delivered is forgotten. */
final class EventEnding {
    private static final String CANCEL = """
            with done as (
                delete from event where %s returning *
            ), delivered as (
                delete from delivery where event_id in (select id from done)
            )
            insert into event_history (id, kind, route_id, account, transfer_id, file_id, path, outcome, attempts,
                                       node, epoch, ended_by, created_at)
            select id, kind, route_id, account, transfer_id, file_id, path, 'cancelled', attempts,
                   claimed_by, claimed_epoch, coalesce(cancel_requested_by, ?), created_at
              from done
            """;

    private static final String CANCEL_ONE = CANCEL.formatted("id = ?");

    private static final String CANCEL_REQUESTED_OF_EPOCH =
            CANCEL.formatted("state = 'claimed' and claimed_epoch = ? and cancel_requested_at is not null");

    private static final String CANCEL_REQUESTED_OF_CLAIMS = CANCEL.formatted(
            "id = any (?) and state = 'claimed' and claimed_epoch = ? and cancel_requested_at is not null");

    private static final String NOBODY = "";

    private EventEnding() {}

    /** The caller holds the row's lock. */
    static void cancel(Connection connection, EventId id, String by) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(CANCEL_ONE)) {
            statement.setLong(1, id.value());
            statement.setString(2, by);
            statement.executeUpdate();
        }
    }

    static int cancelRequested(Connection connection, long epoch) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(CANCEL_REQUESTED_OF_EPOCH)) {
            statement.setLong(1, epoch);
            statement.setString(2, NOBODY);
            return statement.executeUpdate();
        }
    }

    static void cancelRequested(Connection connection, long epoch, Object[] ids) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(CANCEL_REQUESTED_OF_CLAIMS)) {
            statement.setArray(1, connection.createArrayOf("int8", ids));
            statement.setLong(2, epoch);
            statement.setString(3, NOBODY);
            statement.executeUpdate();
        }
    }
}
