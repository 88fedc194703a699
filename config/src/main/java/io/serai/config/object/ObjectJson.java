package io.serai.config.object;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.CalendarName;
import io.serai.config.name.HostPort;
import io.serai.config.name.LibraryName;
import io.serai.config.name.NodeName;
import io.serai.config.name.ResourceName;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.config.name.SiteName;
import io.serai.config.name.VirtualPath;
import io.serai.config.secret.PasswordHash;
import io.serai.config.secret.SecretCipher;
import io.serai.config.secret.SecretContext;
import io.serai.config.secret.SecretText;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.LocalDate;
import java.time.MonthDay;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Objects to the JSON of the database and back: every field in a fixed order, times in milliseconds, sizes in bytes,
 * secrets encrypted and bound to their object and field. An unknown field is refused, so that an older program does not
 * drop what a newer one wrote.
 *
 * <p>The same object gives the same JSON but for its secrets, which are encrypted anew at each writing: compare objects,
 * not their JSON. Safe for use by several threads.
 */
public final class ObjectJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final SecretCipher cipher;

    public ObjectJson(SecretCipher cipher) {
        this.cipher = cipher;
    }

    /** The object without kind and name, which have columns of their own. */
    public String write(ConfigObject object) {
        return tree(object).toString();
    }

    /** The names of the fields that {@link #write} writes for this object. */
    List<String> fields(ConfigObject object) {
        List<String> names = new ArrayList<>();
        tree(object).fieldNames().forEachRemaining(names::add);
        return names;
    }

    private ObjectNode tree(ConfigObject object) {
        ObjectNode json = MAPPER.createObjectNode();
        if (object instanceof Account account) {
            writeAccount(account, json);
        } else if (object instanceof Site site) {
            writeSite(site, json);
        } else if (object instanceof Calendar calendar) {
            json.put("description", calendar.description());
            putAll(json.putArray("weekdays"), names(calendar.weekdays()));
            putAll(json.putArray("dates"), sorted(calendar.dates()));
            putAll(json.putArray("yearly"), sorted(calendar.yearly()));
        } else if (object instanceof Schedule schedule) {
            writeSchedule(schedule, json);
        } else if (object instanceof Zone zone) {
            ZoneJson.write(zone, json);
            putSecret(json, zone, "proxyPassword", zone.outbound().proxies().flatMap(Zone.Proxies::password));
        } else if (object instanceof Library library) {
            json.put("sha256", library.sha256());
            json.put("sizeBytes", library.sizeBytes());
            json.put("signature", library.signature());
        } else if (object instanceof NodeOverlay node) {
            json.put("description", node.description());
            putAll(json.putArray("settings"), node.settings());
        } else if (object instanceof RouteResource resource) {
            writeResource(resource, json);
        } else if (object instanceof Route route) {
            json.put("dsl", route.dsl().name());
            json.put("source", route.source());
        }
        return json;
    }

    /**
     * The object that {@link #write} wrote under this kind and name.
     *
     * @throws SeraiException with code INVALID when the JSON is not what {@link #write} writes or a secret does not
     *     decrypt
     */
    public ConfigObject read(ObjectKind kind, String name, String json) {
        try {
            JsonFields fields = new JsonFields(MAPPER.readTree(json));
            ConfigObject object = switch (kind) {
                case ACCOUNT -> readAccount(name, fields);
                case SITE -> readSite(name, fields);
                case CALENDAR ->
                    new Calendar(
                            new CalendarName(name),
                            fields.text("description"),
                            choices(DayOfWeek.class, fields.texts("weekdays")),
                            fields.texts("dates").stream().map(LocalDate::parse).collect(Collectors.toSet()),
                            fields.texts("yearly").stream().map(MonthDay::parse).collect(Collectors.toSet()));
                case SCHEDULE -> readSchedule(name, fields);
                case LIBRARY ->
                    new Library(
                            new LibraryName(name),
                            fields.text("sha256"),
                            fields.number("sizeBytes"),
                            fields.text("signature"));
                case NODE -> new NodeOverlay(new NodeName(name), fields.text("description"), fields.texts("settings"));
                case ZONE -> ZoneJson.read(name, fields, secret(fields, kind, name, "proxyPassword"));
                case DATA_SOURCE, CONNECTION_FACTORY -> readResource(kind, name, fields);
                case ROUTE ->
                    new Route(new RouteId(name), Route.Dsl.valueOf(fields.text("dsl")), fields.text("source"));
            };
            fields.finish();
            return object;
        } catch (JsonProcessingException | IllegalArgumentException | java.time.DateTimeException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The stored " + kind.word() + " " + name + " cannot be read by this version of Serai: "
                            + e.getMessage(),
                    e);
        }
    }

    /** What {@link FirstRelease} does not know is written only where it is used: that release must read the rest. */
    private static void writeSchedule(Schedule schedule, ObjectNode json) {
        json.put("description", schedule.description());
        json.put("enabled", schedule.enabled());
        putAll(json.putArray("cron"), schedule.cron());
        json.put("timeZone", schedule.timeZone().getId());
        json.put("missed", schedule.missed().name());
        schedule.calendar().ifPresent(calendar -> json.put("calendar", calendar.value()));
        if (schedule.holidays() != ObjectDefaults.HOLIDAYS) {
            json.put("holidays", schedule.holidays().name());
        }
        if (schedule.overlap() != ObjectDefaults.OVERLAP) {
            json.put("overlap", schedule.overlap().name());
        }
    }

    private static Schedule readSchedule(String name, JsonFields fields) {
        return new Schedule(
                new ScheduleName(name),
                fields.text("description"),
                fields.flag("enabled"),
                fields.texts("cron"),
                ZoneId.of(fields.text("timeZone")),
                Schedule.Missed.valueOf(fields.text("missed")),
                fields.optionalText("calendar").map(CalendarName::new),
                fields.optionalText("holidays").map(Schedule.Holidays::valueOf).orElse(ObjectDefaults.HOLIDAYS),
                fields.optionalText("overlap").map(Schedule.Overlap::valueOf).orElse(ObjectDefaults.OVERLAP));
    }

    /** Dates as ISO 8601 writes them. */
    private static List<String> sorted(Collection<?> days) {
        return days.stream().map(Object::toString).sorted().toList();
    }

    private void writeAccount(Account account, ObjectNode json) {
        json.put("description", account.description());
        json.put("enabled", account.enabled());
        account.password().ifPresent(hash -> json.put("password", hash.phc()));
        putAll(json.putArray("publicKeys"), account.publicKeys());
        putAll(json.putArray("permissions"), names(account.permissions()));
        putAll(json.putArray("protocols"), names(account.protocols()));
        putAll(
                json.putArray("folders"),
                account.folders().stream().map(VirtualPath::toString).toList());
        putAll(json.putArray("allowFrom"), account.allowFrom());
        json.put("sessions", account.limits().sessions());
        account.limits().maxFileBytes().ifPresent(bytes -> json.put("maxFileBytes", bytes));
        account.limits().quotaBytes().ifPresent(bytes -> json.put("quotaBytes", bytes));
        json.put("idleTimeoutMillis", account.limits().idleTimeout().toMillis());
        // Only when given, so that the release before reads accounts that do not use them.
        account.limits().maxTransfers().ifPresent(most -> json.put("maxTransfers", most));
        account.limits().bandwidthBytes().ifPresent(bytes -> json.put("bandwidthBytes", bytes));
    }

    private static Account readAccount(String name, JsonFields fields) {
        return new Account(
                new AccountName(name),
                fields.text("description"),
                fields.flag("enabled"),
                fields.optionalText("password").map(PasswordHash::new),
                fields.texts("publicKeys"),
                choices(Permission.class, fields.texts("permissions")),
                choices(Protocol.class, fields.texts("protocols")),
                fields.texts("folders").stream().map(VirtualPath::parse).toList(),
                fields.texts("allowFrom"),
                new Account.Limits(
                        Math.toIntExact(fields.number("sessions")),
                        fields.optionalNumber("maxFileBytes"),
                        fields.optionalNumber("quotaBytes"),
                        Duration.ofMillis(fields.number("idleTimeoutMillis")),
                        optionalInt(fields.optionalNumber("maxTransfers")),
                        fields.optionalNumber("bandwidthBytes")));
    }

    private static OptionalInt optionalInt(OptionalLong number) {
        return number.isPresent() ? OptionalInt.of(Math.toIntExact(number.getAsLong())) : OptionalInt.empty();
    }

    private void writeSite(Site site, ObjectNode json) {
        json.put("description", site.description());
        json.put("protocol", site.protocol().name());
        json.put("host", site.host());
        json.put("port", site.port());
        json.put("folder", site.folder());
        site.user().ifPresent(user -> json.put("user", user));
        putSecret(json, site, "password", site.password());
        putSecret(json, site, "privateKey", site.privateKey());
        putSecret(json, site, "privateKeyPassphrase", site.privateKeyPassphrase());
        putSecret(json, site, "bearerToken", site.bearerToken());
        putAll(json.putArray("trust"), site.trust());
        json.put("tlsMode", site.tlsMode().name());
        json.put("connectTimeoutMillis", site.connectTimeout().toMillis());
        json.put("timeoutMillis", site.timeout().toMillis());
        json.put("maxParallel", site.maxParallel());
        site.bandwidthBytes().ifPresent(bytes -> json.put("bandwidthBytes", bytes));
        if (!site.zone().equals(ObjectDefaults.SITE_ZONE)) {
            json.put("zone", site.zone().text());
        }
        if (!site.recovery().isEmpty()) {
            putAll(
                    json.putArray("recovery"),
                    site.recovery().stream().map(HostPort::toString).toList());
        }
    }

    private Site readSite(String name, JsonFields fields) {
        return new Site(
                new SiteName(name),
                fields.text("description"),
                Protocol.valueOf(fields.text("protocol")),
                fields.text("host"),
                Math.toIntExact(fields.number("port")),
                fields.text("folder"),
                fields.optionalText("user"),
                secret(fields, ObjectKind.SITE, name, "password"),
                secret(fields, ObjectKind.SITE, name, "privateKey"),
                secret(fields, ObjectKind.SITE, name, "privateKeyPassphrase"),
                secret(fields, ObjectKind.SITE, name, "bearerToken"),
                fields.texts("trust"),
                Site.TlsMode.valueOf(fields.text("tlsMode")),
                Duration.ofMillis(fields.number("connectTimeoutMillis")),
                Duration.ofMillis(fields.number("timeoutMillis")),
                Math.toIntExact(fields.number("maxParallel")),
                fields.optionalNumber("bandwidthBytes"),
                fields.optionalText("zone").map(ZoneChoice::of).orElse(ObjectDefaults.SITE_ZONE),
                fields.optionalTexts("recovery").orElse(List.of()).stream()
                        .map(text -> HostPort.parse(text, 0))
                        .toList());
    }

    private void writeResource(RouteResource resource, ObjectNode json) {
        json.put("description", resource.description());
        json.put("url", resource.url());
        resource.user().ifPresent(user -> json.put("user", user));
        putSecret(json, resource, "password", resource.password());
        json.put("xa", resource.xa());
        json.put("connections", resource.connections());
        json.put("timeoutMillis", resource.timeout().toMillis());
    }

    private RouteResource readResource(ObjectKind kind, String name, JsonFields fields) {
        return new RouteResource(
                kind,
                new ResourceName(name),
                fields.text("description"),
                fields.text("url"),
                fields.optionalText("user"),
                secret(fields, kind, name, "password"),
                fields.flag("xa"),
                Math.toIntExact(fields.number("connections")),
                Duration.ofMillis(fields.number("timeoutMillis")));
    }

    private void putSecret(ObjectNode json, ConfigObject object, String field, Optional<SecretText> secret) {
        secret.ifPresent(text ->
                json.put(field, cipher.encrypt(text, context(object.kind(), object.objectName(), field))));
    }

    private Optional<SecretText> secret(JsonFields fields, ObjectKind kind, String name, String field) {
        return fields.optionalText(field).map(encrypted -> cipher.decrypt(encrypted, context(kind, name, field)));
    }

    private static SecretContext context(ObjectKind kind, String name, String field) {
        return new SecretContext(kind.word(), name, field);
    }

    private static List<String> names(Collection<? extends Enum<?>> choices) {
        return choices.stream()
                .sorted((a, b) -> a.ordinal() - b.ordinal())
                .map(Enum::name)
                .toList();
    }

    private static <E extends Enum<E>> Set<E> choices(Class<E> type, List<String> names) {
        return names.stream().map(name -> Enum.valueOf(type, name)).collect(Collectors.toSet());
    }

    private static void putAll(ArrayNode array, Collection<String> texts) {
        texts.forEach(array::add);
    }
}
