package io.serai.endpoint.http;

import io.serai.config.secret.SecretText;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A user and a password that a request claims; nobody's identity until they are verified. */
record Credentials(String user, SecretText password) {
    private static final int LONGEST = 4096;

    /** Reads a header of the Basic scheme (RFC 7617); empty for anything else, and for control characters in it. */
    static Optional<Credentials> parse(@Nullable String header) {
        if (header == null || header.length() > LONGEST || !header.regionMatches(true, 0, "Basic ", 0, 6)) {
            return Optional.empty();
        }
        String pair;
        try {
            byte[] bytes = Base64.getDecoder().decode(header.substring(6).strip());
            pair = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (IllegalArgumentException | CharacterCodingException e) {
            return Optional.empty();
        }
        int colon = pair.indexOf(':');
        if (colon < 1 || pair.chars().anyMatch(Character::isISOControl)) {
            return Optional.empty();
        }
        return Optional.of(new Credentials(pair.substring(0, colon), new SecretText(pair.substring(colon + 1))));
    }
}
