package io.serai.config.name;

import java.util.UUID;

/** One login of an account through a listener: 128 random bits, never a counter. */
public record SessionId(UUID value) {
    /** A new id from the platform's secure random source. */
    public static SessionId random() {
        return new SessionId(UUID.randomUUID());
    }

    public static SessionId parse(String text) {
        return new SessionId(UUID.fromString(text));
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
