package io.serai.cluster.object;

import io.serai.cluster.database.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Parks events whose route is gone, which no node would ever claim: a file may have arrived on a node that had not yet
 * heard of the deletion. What a node runs at the moment is left to it.
 */
public final class StrayEvents {
    private static final Logger LOG = LoggerFactory.getLogger(StrayEvents.class);

    private static final String ROUTES = """
            select distinct route_id from event
             where state in ('ready', 'waiting')
               and not exists (select 1 from config_object where kind = 'ROUTE' and name = event.route_id)
            """;

    private static final String PARK = """
            update event
               set state = 'parked', waits_for = null, error_code = 'NO_SUCH_OBJECT', error_step = null,
                   error_text = format('There is no route "%s": it was deleted, or the change that made it was taken back.'
                                       || ' Apply it and retry this event, or apply another and resubmit the transfer',
                                       route_id)
             where route_id = any (?) and state in ('ready', 'waiting')
               and not exists (select 1 from config_object where kind = 'ROUTE' and name = event.route_id)
            """;

    private final Database database;

    public StrayEvents(Database database) {
        this.database = database;
    }

    /** Parks all that there are now; their number. */
    public int park() {
        List<String> routes = database.statement(StrayEvents::routesGone);
        return routes.isEmpty() ? 0 : database.statement(connection -> park(connection, routes));
    }

    private static List<String> routesGone(Connection connection) throws SQLException {
        List<String> routes = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(ROUTES);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                routes.add(rows.getString(1));
            }
        }
        return routes;
    }

    /** Parks the events of those of these routes that are gone, as the caller's transaction sees it; their number. */
    static int park(Connection connection, Collection<String> routes) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(PARK)) {
            statement.setArray(1, connection.createArrayOf("text", routes.toArray()));
            int parked = statement.executeUpdate();
            if (parked > 0) {
                LOG.error("{} events were parked, for their routes are gone: {}", parked, routes);
            }
            return parked;
        }
    }
}
