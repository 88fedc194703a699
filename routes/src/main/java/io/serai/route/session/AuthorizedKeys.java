package io.serai.route.session;

import io.serai.config.object.Account;
import io.serai.endpoint.SshPublicKey;

/** The public keys of an account, lines as in OpenSSH's authorized_keys. The account is the only place they come from. */
final class AuthorizedKeys {
    private AuthorizedKeys() {}

    /** Whether the account has this key; its bytes decide, whatever signature algorithm the client names. */
    static boolean contains(Account account, SshPublicKey key) {
        String blob = key.base64();
        return account.publicKeys().stream().anyMatch(line -> blob.equals(blobOf(line)));
    }

    private static String blobOf(String line) {
        String[] words = line.trim().split("\\s+", 3);
        return words.length < 2 ? "" : words[1];
    }
}
