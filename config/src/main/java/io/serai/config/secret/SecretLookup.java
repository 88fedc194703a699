package io.serai.config.secret;

/** Finds the secret that a source names. */
@FunctionalInterface
public interface SecretLookup {
    /**
     * The secret.
     *
     * @throws io.serai.config.error.SeraiException with code INVALID when there is none; the message is for the person
     *     who wrote the reference
     */
    SecretText find(SecretSource source);
}
