package io.serai.cluster.token;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Tokens of the admin API: 256 random bits, of which the database keeps the SHA-256 only. A token is shown once, when it
 * is made; a revoked or expired one is refused from the next call on every node.
 */
public final class AdminTokens {
    private static final int TOKEN_BYTES = 32;
    private static final String PREFIX = "serai_";
    private static final int LONGEST_GIVEN = 200;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,63}");

    private static final String CREATE = """
            insert into admin_token (name, sha256, role, created_by, expires_at)
            values (?, ?, ?, ?, clock_timestamp() + ? * interval '1 millisecond')
            on conflict (name) do nothing
            """;

    private static final String LIST =
            "select name, role, created_at, created_by, expires_at, last_used_at from admin_token order by name";

    /** Written at most once a minute, so that calls do not wait for the disk. */
    private static final String VERIFY = """
            with found as (
                select name, role, created_at, created_by, expires_at, last_used_at from admin_token
                 where sha256 = ? and (expires_at is null or expires_at > clock_timestamp())
            ), used as (
                update admin_token set last_used_at = clock_timestamp()
                 where name in (select name from found
                                 where last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute')
            )
            select * from found
            """;

    private final Database database;
    private final SecureRandom random = new SecureRandom();

    public AdminTokens(Database database) {
        this.database = database;
    }

    /** A token as it is listed; its secret is nowhere. */
    public record AdminToken(
            String name,
            TokenRole role,
            Instant created,
            String createdBy,
            Optional<Instant> expires,
            Optional<Instant> lastUsed) {}

    /**
     * Makes a token and returns its secret, which cannot be shown again.
     *
     * @param lifetime after which it is refused; empty for no end
     * @throws SeraiException {@code INVALID} for a bad name, {@code CONFLICT} when the name is taken
     */
    public String create(String name, TokenRole role, Optional<Duration> lifetime, String by) {
        if (!NAME.matcher(name).matches()) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "a token's name has 1 to 64 letters, digits, '.', '_', '@' or '-' and begins with a letter or digit");
        }
        byte[] bytes = new byte[TOKEN_BYTES];
        random.nextBytes(bytes);
        String secret = PREFIX + HexFormat.of().formatHex(bytes);
        int made = database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(CREATE)) {
                statement.setString(1, name);
                statement.setString(2, sha256(secret));
                statement.setString(3, role.name().toLowerCase(Locale.ROOT));
                statement.setString(4, by);
                if (lifetime.isPresent()) {
                    statement.setLong(5, lifetime.get().toMillis());
                } else {
                    statement.setNull(5, Types.BIGINT);
                }
                return statement.executeUpdate();
            }
        });
        if (made == 0) {
            throw new SeraiException(
                    ErrorCode.CONFLICT, "there is a token named " + name + "; revoke it first or take another name");
        }
        return secret;
    }

    public List<AdminToken> list() {
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(LIST);
                    ResultSet rows = statement.executeQuery()) {
                List<AdminToken> tokens = new ArrayList<>();
                while (rows.next()) {
                    tokens.add(token(rows));
                }
                return tokens;
            }
        });
    }

    /** Removes a token; {@code NO_SUCH_OBJECT} when there is none of that name. */
    public void revoke(String name) {
        int removed = database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("delete from admin_token where name = ?")) {
                statement.setString(1, name);
                return statement.executeUpdate();
            }
        });
        if (removed == 0) {
            throw new SeraiException(ErrorCode.NO_SUCH_OBJECT, "there is no token of that name");
        }
    }

    /** Whose token this is; empty for everything that is not certainly a valid token. */
    public Optional<AdminToken> verify(String secret) {
        if (!secret.startsWith(PREFIX) || secret.length() > LONGEST_GIVEN) {
            return Optional.empty();
        }
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(VERIFY)) {
                statement.setString(1, sha256(secret));
                try (ResultSet rows = statement.executeQuery()) {
                    return rows.next() ? Optional.of(token(rows)) : Optional.empty();
                }
            }
        });
    }

    private static AdminToken token(ResultSet row) throws SQLException {
        return new AdminToken(
                row.getString("name"),
                TokenRole.valueOf(row.getString("role").toUpperCase(Locale.ROOT)),
                row.getObject("created_at", OffsetDateTime.class).toInstant(),
                row.getString("created_by"),
                time(row, "expires_at"),
                time(row, "last_used_at"));
    }

    private static Optional<Instant> time(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getObject(column, OffsetDateTime.class)).map(OffsetDateTime::toInstant);
    }

    private static String sha256(String secret) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
