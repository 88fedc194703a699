package io.serai.config.object;

import io.serai.config.name.AccountName;
import io.serai.config.name.VirtualPath;
import io.serai.config.secret.PasswordHash;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A partner's identity here: login name, credentials, home folder, rights and limits.
 *
 * @param enabled whether logins are admitted
 * @param password the argon2id hash; empty when the account logs in by key only
 * @param publicKeys lines as in OpenSSH's authorized_keys, without options
 * @param folders folders that exist in the home from the beginning, such as {@code /inbox}
 * @param allowFrom networks in CIDR form that logins may come from; empty for everywhere
 */
public record Account(
        AccountName name,
        String description,
        boolean enabled,
        Optional<PasswordHash> password,
        List<String> publicKeys,
        Set<Permission> permissions,
        Set<Protocol> protocols,
        List<VirtualPath> folders,
        List<String> allowFrom,
        Limits limits)
        implements ConfigObject {

    /**
     * The limits of an account, in force for the whole cluster.
     *
     * @param sessions sessions at the same time
     * @param maxFileBytes the largest file, in bytes; empty for no limit
     * @param quotaBytes the bytes that the home may hold; empty for no limit
     * @param idleTimeout a session without traffic ends after this
     * @param maxTransfers uploads and downloads at the same time; empty for no limit
     * @param bandwidthBytes bytes per second of all its uploads and downloads together; empty for no limit
     */
    public record Limits(
            int sessions,
            OptionalLong maxFileBytes,
            OptionalLong quotaBytes,
            Duration idleTimeout,
            OptionalInt maxTransfers,
            OptionalLong bandwidthBytes) {
        /** Without limits of transfers. */
        public Limits(int sessions, OptionalLong maxFileBytes, OptionalLong quotaBytes, Duration idleTimeout) {
            this(sessions, maxFileBytes, quotaBytes, idleTimeout, OptionalInt.empty(), OptionalLong.empty());
        }
    }

    public Account {
        publicKeys = List.copyOf(publicKeys);
        permissions = Set.copyOf(permissions);
        protocols = Set.copyOf(protocols);
        folders = List.copyOf(folders);
        allowFrom = List.copyOf(allowFrom);
    }

    @Override
    public ObjectKind kind() {
        return ObjectKind.ACCOUNT;
    }

    @Override
    public String objectName() {
        return name.value();
    }
}
