package io.serai.config.secret;

/** Which passwords were verified lately, so that the slow computation need not be made again for each login. */
public interface KnownPasswords {
    /** Whether this password was found to be that of this very hash. */
    boolean isKnown(SecretText password, PasswordHash hash);

    /** Called after the slow computation has found it so. */
    void remember(SecretText password, PasswordHash hash);

    /** Remembers nothing. */
    KnownPasswords NONE = new KnownPasswords() {
        @Override
        public boolean isKnown(SecretText password, PasswordHash hash) {
            return false;
        }

        @Override
        public void remember(SecretText password, PasswordHash hash) {}
    };
}
