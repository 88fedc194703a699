package io.serai.config.name;

import java.util.UUID;

/** One row of the ledger: one file moving one way between us and one peer. */
public record TransferId(UUID value) {
    /** A new id from the platform's secure random source. */
    public static TransferId random() {
        return new TransferId(UUID.randomUUID());
    }

    public static TransferId parse(String text) {
        return new TransferId(UUID.fromString(text));
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
