package io.serai.cluster.transaction;

import io.serai.cluster.database.DatabaseErrors;
import io.serai.cluster.transaction.Participant.Branch;
import io.serai.cluster.transaction.Participant.Scan;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;

/** What is prepared in a PostgreSQL database, by a connection of its own. */
record PostgresScan(XAConnection connection) implements Scan {
    private static final String PREPARED =
            "select gid, prepared from pg_prepared_xacts where database = current_database()";

    @Override
    public List<Branch> prepared() throws SQLException, XAException {
        Map<String, Instant> since = new HashMap<>();
        try (Connection asked = connection.getConnection();
                Statement statement = asked.createStatement();
                ResultSet rows = statement.executeQuery(PREPARED)) {
            while (rows.next()) {
                since.put(rows.getString(1), rows.getTimestamp(2).toInstant());
            }
        }
        List<Branch> branches = new ArrayList<>();
        for (Xid xid : connection.getXAResource().recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN)) {
            branches.add(new Branch(xid, Optional.ofNullable(since.get(gid(xid)))));
        }
        return branches;
    }

    /** The name that the driver gives to a branch. */
    private static String gid(Xid xid) {
        Base64.Encoder base64 = Base64.getEncoder();
        return xid.getFormatId() + "_" + base64.encodeToString(xid.getGlobalTransactionId()) + "_"
                + base64.encodeToString(xid.getBranchQualifier());
    }

    @Override
    public void commit(Xid branch) throws XAException {
        try {
            connection.getXAResource().commit(branch, false);
        } catch (SQLException e) {
            throw broken(e);
        }
    }

    @Override
    public void rollback(Xid branch) throws XAException {
        try {
            connection.getXAResource().rollback(branch);
        } catch (SQLException e) {
            throw broken(e);
        }
    }

    private static XAException broken(SQLException cause) {
        XAException failure = new XAException(XAException.XAER_RMFAIL);
        failure.initCause(cause);
        return failure;
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw DatabaseErrors.of(e);
        }
    }
}
