package io.serai.cluster.limit;

import io.serai.cluster.database.Database;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Failed logins of the whole cluster by user name and address, and by address alone. Nothing is written for a login that
 * succeeds unless it failed before; the table is bounded.
 */
public final class LoginFailures {
    private static final int LONGEST_NAME = 128;
    private static final String FAILED = "select of_login, of_origin from login_failed(?, ?, ?, ?, ?)";
    private static final String FORGET = """
            delete from login_failure
             where latest < clock_timestamp() - failures * ? * interval '1 millisecond'
                or (origin, name) in (select origin, name from login_failure order by latest desc offset ?)
            """;

    private final Database database;
    private final LockoutLimits limits;
    private final Bans bans;

    LoginFailures(Database database, LockoutLimits limits, Bans bans) {
        this.database = database;
        this.limits = limits;
        this.bans = bans;
    }

    /** How many failures there are now. */
    public record Standing(int ofLogin, int ofOrigin) {}

    /**
     * Counts a failed login; an address that has too many is banned, if that is wished.
     *
     * @param origin the client's address, or the network of an IPv6 client, in CIDR form
     */
    public Standing failed(String login, String origin) {
        Standing standing = count(login, origin);
        if (standing.ofOrigin() >= limits.ofOrigin()) {
            limits.banFor().ifPresent(time -> bans.addByFailures(origin, standing.ofOrigin(), time));
        }
        return standing;
    }

    /**
     * Counts a failed login and bans nobody.
     *
     * @param origin as of {@link #failed}; behind an {@code @} may follow who asserts it
     */
    public Standing count(String login, String origin) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(FAILED)) {
                statement.setString(1, origin);
                statement.setString(2, key(login));
                statement.setInt(3, limits.ofLogin());
                statement.setInt(4, limits.ofOrigin());
                statement.setLong(5, limits.forgetOneAfter().toMillis());
                return standing(statement);
            }
        });
    }

    private static Standing standing(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            row.next();
            return new Standing(row.getInt(1), row.getInt(2));
        }
    }

    /** Removes what has faded and what is more than is remembered. */
    void forget() {
        database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(FORGET)) {
                statement.setLong(1, limits.forgetOneAfter().toMillis());
                statement.setInt(2, limits.mostTracked());
                return statement.executeUpdate();
            }
        });
    }

    /** Names are outside text of any length; the key is bounded and never that of the address alone. */
    static String key(String login) {
        String clean = login.replace('\0', '?');
        return "=" + (clean.length() <= LONGEST_NAME ? clean : clean.substring(0, LONGEST_NAME));
    }
}
