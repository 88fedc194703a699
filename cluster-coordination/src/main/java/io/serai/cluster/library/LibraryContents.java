package io.serai.cluster.library;

import io.serai.cluster.database.Database;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.HexFormat;
import java.util.Optional;

/** The bytes of libraries in the database. Whoever reads them checks them: what is here is not trusted. */
public final class LibraryContents {
    private final Database database;

    public LibraryContents(Database database) {
        this.database = database;
    }

    /** Keeps bytes; what is there already stays. Returns their checksum. */
    public String put(byte[] bytes, String by) {
        String sha256 = sha256(bytes);
        database.execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "insert into library_content (sha256, bytes, added_by) values (?, ?, ?) on conflict do nothing")) {
                statement.setString(1, sha256);
                statement.setBytes(2, bytes);
                statement.setString(3, by);
                statement.executeUpdate();
            }
        });
        return sha256;
    }

    public Optional<byte[]> find(String sha256) {
        return database.read(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("select bytes from library_content where sha256 = ?")) {
                statement.setString(1, sha256);
                try (ResultSet row = statement.executeQuery()) {
                    return row.next() ? Optional.of(row.getBytes(1)) : Optional.<byte[]>empty();
                }
            }
        });
    }

    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
