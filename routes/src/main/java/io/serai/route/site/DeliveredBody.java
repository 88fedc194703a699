package io.serai.route.site;

import java.io.InputStream;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a step delivers: bytes that can be read once for each opening.
 *
 * @param sizeBytes where it is known before reading
 * @param sha256 what the bytes must hash to, where it is known
 */
record DeliveredBody(Opener opener, OptionalLong sizeBytes, Optional<String> sha256) {
    /** Opens the bytes from their beginning. */
    @FunctionalInterface
    interface Opener {
        InputStream open();
    }
}
