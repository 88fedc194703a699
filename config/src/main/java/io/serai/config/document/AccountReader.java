package io.serai.config.document;

import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Account;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.object.Permission;
import io.serai.config.object.Protocol;
import io.serai.config.secret.PasswordHash;
import io.serai.config.secret.SecretText;
import io.serai.config.yaml.ByteSize;
import io.serai.config.yaml.YamlFields;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** {@code kind: Account}. */
final class AccountReader {
    private static final Map<String, String> OTHER_NAMES = Map.of(
            "keys", "publicKeys",
            "authorizedKeys", "publicKeys",
            "maxSessions", "sessions",
            "rights", "permissions",
            "networks", "allowFrom",
            "allowedNetworks", "allowFrom",
            "maxFileBytes", "maxFileSize",
            "maxParallel", "maxTransfers");

    private final YamlFields document;
    private final YamlFields spec;
    private final SecretFields secrets;

    AccountReader(YamlFields document, YamlFields spec, SecretFields secrets) {
        this.document = document;
        this.spec = spec;
        this.secrets = secrets;
    }

    Optional<ObjectDraft> read(String name) {
        Optional<AccountName> accountName = Names.read(document, name, AccountName::new);
        Optional<SecretText> password = secrets.read(ObjectDraft.PASSWORD);
        boolean isHash =
                password.filter(text -> text.reveal().startsWith("$argon2id$")).isPresent();
        List<String> publicKeys = spec.readList("publicKeys", Keys::publicKey).orElse(List.of());
        boolean enabled = spec.read("enabled", Words::flag).orElse(true);
        Account account = new Account(
                accountName.orElse(new AccountName("unreadable")),
                spec.read("description", Words::description).orElse(""),
                enabled,
                isHash ? password.map(hash -> new PasswordHash(hash.reveal())) : Optional.empty(),
                publicKeys,
                set(spec.readList("permissions", Words.choice(Permission.class)), ObjectDefaults.PERMISSIONS),
                set(spec.readList("protocols", Words.choice(Protocol.class)), ObjectDefaults.PROTOCOLS),
                spec.readList("folders", AccountReader::folder).orElse(List.of()),
                spec.readList("allowFrom", Networks::cidr).orElse(List.of()),
                limits());
        if (enabled && publicKeys.isEmpty() && !secrets.isGiven(ObjectDraft.PASSWORD) && !spec.has("publicKeys")) {
            spec.missing(
                    ObjectDraft.PASSWORD,
                    "without password and publicKeys nobody could log in; give one of them, or enabled: false");
        }
        spec.finish(OTHER_NAMES);
        return accountName.map(valid ->
                new ObjectDraft(account, document.mark(), isHash ? Optional.empty() : password, secrets.kept()));
    }

    private Account.Limits limits() {
        Account.Limits usual = ObjectDefaults.LIMITS;
        return new Account.Limits(
                spec.read("sessions", Words.number(1, 10_000)).orElse(usual.sessions()),
                size("maxFileSize"),
                size("quota"),
                spec.read("idleTimeout", Words.duration(Duration.ofSeconds(10), Duration.ofDays(1)))
                        .orElse(usual.idleTimeout()),
                spec.read("maxTransfers", Words.number(1, 10_000))
                        .map(OptionalInt::of)
                        .orElse(OptionalInt.empty()),
                spec.read("bandwidth", Bandwidth::parse).map(OptionalLong::of).orElse(OptionalLong.empty()));
    }

    private OptionalLong size(String field) {
        return spec.read(field, ByteSize::parse).map(OptionalLong::of).orElse(OptionalLong.empty());
    }

    private static VirtualPath folder(String text) {
        try {
            VirtualPath path = VirtualPath.parse(text);
            if (path.isRoot() || !path.toString().equals(text)) {
                throw new IllegalArgumentException("expected a folder in the home, such as /inbox"
                        + (path.isRoot() ? "" : "; did you mean \"" + path + "\"?"));
            }
            return path;
        } catch (SeraiException e) {
            throw new IllegalArgumentException(e.text(), e);
        }
    }

    private static <T> Set<T> set(Optional<List<T>> given, Set<T> usual) {
        return given.<Set<T>>map(HashSet::new).orElse(usual);
    }
}
