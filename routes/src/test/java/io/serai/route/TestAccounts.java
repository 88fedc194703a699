package io.serai.route;

import io.serai.config.name.AccountName;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Account;
import io.serai.config.object.Permission;
import io.serai.config.object.Protocol;
import io.serai.config.secret.PasswordHash;
import io.serai.config.secret.PasswordHasher;
import io.serai.config.secret.SecretText;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Accounts for tests, made and changed field by field. */
public record TestAccounts(
        String name,
        boolean enabled,
        Optional<PasswordHash> password,
        List<String> keys,
        Set<Permission> permissions,
        Set<Protocol> protocols,
        List<String> allowFrom,
        Account.Limits limits) {
    public static final PasswordHasher HASHER = new PasswordHasher();
    /** One for all, as applying an account anew with the same password keeps its hash. */
    private static final PasswordHash SECRET = HASHER.hash(new SecretText("secret"));

    /** An account that may do everything, with the password {@code secret}. */
    public static TestAccounts named(String name) {
        return new TestAccounts(
                name,
                true,
                Optional.of(SECRET),
                List.of(),
                EnumSet.allOf(Permission.class),
                EnumSet.allOf(Protocol.class),
                List.of(),
                new Account.Limits(10, OptionalLong.empty(), OptionalLong.empty(), Duration.ofMinutes(5)));
    }

    public TestAccounts disabled() {
        return new TestAccounts(name, false, password, keys, permissions, protocols, allowFrom, limits);
    }

    public TestAccounts withPassword(String other) {
        Optional<PasswordHash> hash = Optional.of(HASHER.hash(new SecretText(other)));
        return new TestAccounts(name, enabled, hash, keys, permissions, protocols, allowFrom, limits);
    }

    public TestAccounts withKeys(String... lines) {
        return new TestAccounts(name, enabled, password, List.of(lines), permissions, protocols, allowFrom, limits);
    }

    public TestAccounts with(Permission... rights) {
        return new TestAccounts(name, enabled, password, keys, Set.of(rights), protocols, allowFrom, limits);
    }

    public TestAccounts with(Protocol... allowed) {
        return new TestAccounts(name, enabled, password, keys, permissions, Set.of(allowed), allowFrom, limits);
    }

    public TestAccounts from(String... networks) {
        return new TestAccounts(name, enabled, password, keys, permissions, protocols, List.of(networks), limits);
    }

    public TestAccounts limited(int sessions, OptionalLong maxFile, OptionalLong quota) {
        return new TestAccounts(
                name,
                enabled,
                password,
                keys,
                permissions,
                protocols,
                allowFrom,
                new Account.Limits(sessions, maxFile, quota, Duration.ofMinutes(5)));
    }

    public Account build() {
        return new Account(
                new AccountName(name),
                "",
                enabled,
                password,
                keys,
                permissions,
                protocols,
                List.of(VirtualPath.parse("/outbox"), VirtualPath.parse("/inbox")),
                allowFrom,
                limits);
    }
}
