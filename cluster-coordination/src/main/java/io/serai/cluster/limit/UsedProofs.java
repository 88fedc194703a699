package io.serai.cluster.limit;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.PreparedStatement;
import java.util.UUID;

/**
 * The proofs of public key logins that edges have relayed, each of which counts once in the whole cluster, through whichever
 * edge and node. What is kept is a hash of the SSH session id that a proof was made for, and for a limited time. Safe for
 * use by many threads.
 */
public final class UsedProofs {
    private static final int AT_ONCE = 1_000;

    private static final String USE = """
            insert into used_proof as p (ssh_session, used_by) values (?, ?)
            on conflict (ssh_session) do update set used_by = excluded.used_by where p.used_by = excluded.used_by
            """;
    private static final String FORGET = """
            delete from used_proof where ssh_session in (
                select ssh_session from used_proof where used_at < clock_timestamp() - interval '400 days' limit ?)
            """;

    private final Database database;

    public UsedProofs(Database database) {
        this.database = database;
    }

    /**
     * Whether nobody else has used a proof for this SSH session; from now on nobody else can.
     *
     * @param by may use it again: a client tries anew on its connection when an account had no place left
     */
    public boolean use(byte[] sshSessionId, UUID by) {
        byte[] hash = hash(sshSessionId);
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(USE)) {
                statement.setBytes(1, hash);
                statement.setObject(2, by);
                return statement.executeUpdate() == 1;
            }
        });
    }

    /** Removes some that are very old; how many. */
    public int forget() {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(FORGET)) {
                statement.setInt(1, AT_ONCE);
                return statement.executeUpdate();
            }
        });
    }

    private static byte[] hash(byte[] sshSessionId) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(sshSessionId);
        } catch (NoSuchAlgorithmException e) {
            throw new SeraiException(ErrorCode.DEFECT, "This Java has no SHA-256", e);
        }
    }
}
