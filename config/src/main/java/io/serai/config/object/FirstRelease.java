package io.serai.config.object;

import io.serai.config.secret.SecretCipher;
import io.serai.config.secret.SecretContext;
import io.serai.config.secret.SecretText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What release 0.1.0 reads of stored objects. A node of it that meets anything else follows no change of configuration
 * any more, so whatever is not listed here must not be stored while one runs; a field that comes later is refused
 * without being named anywhere.
 */
public final class FirstRelease {
    /** The fields of the stored JSON, by kind. */
    private static final Map<ObjectKind, Set<String>> FIELDS = Map.of(
            ObjectKind.ACCOUNT,
            Set.of(
                    "description",
                    "enabled",
                    "password",
                    "publicKeys",
                    "permissions",
                    "protocols",
                    "folders",
                    "allowFrom",
                    "sessions",
                    "maxFileBytes",
                    "quotaBytes",
                    "idleTimeoutMillis"),
            ObjectKind.SITE,
            Set.of(
                    "description",
                    "protocol",
                    "host",
                    "port",
                    "folder",
                    "user",
                    "password",
                    "privateKey",
                    "privateKeyPassphrase",
                    "bearerToken",
                    "trust",
                    "tlsMode",
                    "connectTimeoutMillis",
                    "timeoutMillis",
                    "maxParallel"),
            ObjectKind.SCHEDULE,
            Set.of("description", "enabled", "cron", "timeZone", "missed"),
            ObjectKind.ROUTE,
            Set.of("dsl", "source"));

    private static final Set<Schedule.Missed> MISSED = Set.of(Schedule.Missed.RUN_ONCE, Schedule.Missed.SKIP);

    /** Which fields are there does not depend on the keys. */
    private static final ObjectJson JSON = new ObjectJson(new SecretCipher() {
        @Override
        public String encrypt(SecretText secret, SecretContext context) {
            return "";
        }

        @Override
        public SecretText decrypt(String encrypted, SecretContext context) {
            throw new UnsupportedOperationException();
        }
    });

    private FirstRelease() {}

    /** What of this object it does not know, for people: {@code account "acme" with bandwidth}; empty when it reads it. */
    public static Optional<String> unknown(ConfigObject object) {
        String name = object.kind().word().toLowerCase(Locale.ROOT) + " \"" + object.objectName() + "\"";
        Set<String> known = FIELDS.get(object.kind());
        if (known == null) {
            return Optional.of(name);
        }
        List<String> words = new ArrayList<>();
        for (String field : JSON.fields(object)) {
            if (!known.contains(field)) {
                words.add(field.replaceAll("(Bytes|Millis)$", ""));
            }
        }
        if (object instanceof Schedule schedule && !MISSED.contains(schedule.missed())) {
            words.add("missed: "
                    + schedule.missed().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        }
        return words.isEmpty() ? Optional.empty() : Optional.of(name + " with " + String.join(", ", words));
    }
}
