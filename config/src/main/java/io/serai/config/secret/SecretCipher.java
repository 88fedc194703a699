package io.serai.config.secret;

/** Turns secrets into text that may be stored, and back. {@link SecretBox} is the implementation for a real node. */
public interface SecretCipher {
    /** The encrypted form: printable ASCII, different at every call, bound to the context. */
    String encrypt(SecretText secret, SecretContext context);

    /**
     * The secret in clear.
     *
     * @throws io.serai.config.error.SeraiException with code INVALID when the text was not made by {@link #encrypt} with
     *     the same context and a key that is still held
     */
    SecretText decrypt(String encrypted, SecretContext context);
}
