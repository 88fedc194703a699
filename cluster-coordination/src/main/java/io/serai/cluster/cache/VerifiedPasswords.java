package io.serai.cluster.cache;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.KnownPasswords;
import io.serai.config.secret.PasswordHash;
import io.serai.config.secret.SecretText;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.SecretKey;

/**
 * Remembers which passwords were found right, by a keyed hash of the password together with the stored hash that it was
 * right for: another password, or a changed account, is never found. The key is not in the cache.
 */
public final class VerifiedPasswords implements KnownPasswords {
    private static final String ALGORITHM = "HmacSHA256";

    private final Map<String, Boolean> cache;
    private final SecretKey key;

    /** {@code cache}: safe for many threads; what it costs to put something there, a login waits for. */
    VerifiedPasswords(Map<String, Boolean> cache, SecretKey key) {
        this.cache = cache;
        this.key = key;
    }

    @Override
    public boolean isKnown(SecretText password, PasswordHash hash) {
        try {
            return Boolean.TRUE.equals(cache.get(proof(password, hash)));
        } catch (RuntimeException e) { // without its cache the node computes, as slowly as without one
            return false;
        }
    }

    @Override
    public void remember(SecretText password, PasswordHash hash) {
        try {
            cache.put(proof(password, hash), Boolean.TRUE);
        } catch (RuntimeException e) { // as above
            return;
        }
    }

    private String proof(SecretText password, PasswordHash hash) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            mac.update(hash.phc().getBytes(StandardCharsets.UTF_8));
            mac.update((byte) 0);
            byte[] proof = mac.doFinal(password.reveal().getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(proof);
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "A password's proof could not be computed", e);
        }
    }
}
