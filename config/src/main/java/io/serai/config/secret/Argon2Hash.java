package io.serai.config.secret;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The parts of a PHC string. Private to this package; the arrays are not copied and not changed. */
@SuppressWarnings("ArrayRecordComponent") // never compared or hashed, and the arrays never leave this package
record Argon2Hash(Argon2Cost cost, byte[] salt, byte[] hash) {
    private static final Pattern PHC = Pattern.compile("\\$argon2id\\$v=19\\$m=(\\d{1,7}),t=(\\d{1,3}),p=(\\d{1,2})"
            + "\\$([A-Za-z0-9+/]{11,86})\\$([A-Za-z0-9+/]{22,86})");

    static Argon2Hash parse(PasswordHash stored) {
        Matcher phc = PHC.matcher(stored.phc());
        if (!phc.matches()) {
            throw unusable(null);
        }
        try {
            Argon2Cost cost = new Argon2Cost(
                    Integer.parseInt(phc.group(1)), Integer.parseInt(phc.group(2)), Integer.parseInt(phc.group(3)));
            return new Argon2Hash(
                    cost,
                    Base64.getDecoder().decode(phc.group(4)),
                    Base64.getDecoder().decode(phc.group(5)));
        } catch (IllegalArgumentException e) {
            throw unusable(e);
        }
    }

    PasswordHash phc() {
        Base64.Encoder base64 = Base64.getEncoder().withoutPadding();
        return new PasswordHash("$argon2id$v=19$m=" + cost.memoryKib() + ",t=" + cost.passes() + ",p=" + cost.lanes()
                + "$" + base64.encodeToString(salt) + "$" + base64.encodeToString(hash));
    }

    private static SeraiException unusable(@Nullable Throwable cause) {
        return new SeraiException(
                ErrorCode.INVALID,
                "The password hash is not one that Serai accepts: $argon2id$v=19$m=…,t=…,p=…$salt$hash with at most 64 MiB,"
                        + " 10 passes and 4 lanes",
                cause);
    }
}
