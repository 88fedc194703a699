package io.serai.config.secret;

/**
 * A password's argon2id hash in the PHC string format ({@code $argon2id$v=19$m=…,t=…,p=…$salt$hash}). Not a secret in
 * the sense of {@link SecretText}, but never shown either.
 *
 * @param phc the whole PHC string
 */
public record PasswordHash(String phc) {
    public PasswordHash {
        if (!phc.startsWith("$argon2id$")) {
            throw new IllegalArgumentException("not an argon2id hash");
        }
    }

    @Override
    public String toString() {
        return "$argon2id$********";
    }
}
