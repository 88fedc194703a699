package io.serai.config.object;

import io.serai.config.name.CalendarName;
import io.serai.config.name.HostPort;
import io.serai.config.name.Network;
import io.serai.config.name.VirtualPath;
import io.serai.config.yaml.ByteSize;
import io.serai.config.yaml.DurationText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The fields of an object as a person writes and reads them, in the order of the manual. What documents are exported
 * with and what differences are shown with.
 */
public final class ObjectFields {
    private final List<Field> fields = new ArrayList<>();

    /** Whether a field's value may be shown. */
    public enum Visibility {
        SHOWN,
        SECRET,
        /** A text of many lines. */
        SOURCE
    }

    /**
     * One field.
     *
     * @param name the name in the document
     * @param value a String, Integer, Boolean, list of Strings, or list of maps of these; the secret or the hash itself where the field is
     *     secret; null when absent
     * @param fallback what the field is when the document leaves it out
     */
    public record Field(
            String name, @Nullable Object value, @Nullable Object fallback, Visibility visibility) {
        public boolean isDefault() {
            return value == null ? fallback == null : value.equals(fallback);
        }
    }

    private ObjectFields() {}

    public static List<Field> of(ConfigObject object) {
        ObjectFields view = new ObjectFields();
        if (object instanceof Account account) {
            view.account(account);
        } else if (object instanceof Site site) {
            view.site(site);
        } else if (object instanceof Calendar calendar) {
            view.calendar(calendar);
        } else if (object instanceof Schedule schedule) {
            view.schedule(schedule);
        } else if (object instanceof Zone zone) {
            view.zone(zone);
        } else if (object instanceof Library library) {
            view.add("sha256", library.sha256(), null);
            view.add("size", ByteSize.format(library.sizeBytes()), null);
            view.add("signature", library.signature(), null);
        } else if (object instanceof NodeOverlay node) {
            view.add("description", node.description(), "");
            view.add("settings", node.settings(), List.of());
        } else if (object instanceof RouteResource resource) {
            view.resource(resource);
        } else if (object instanceof Route route) {
            view.add("dsl", word(route.dsl()), null);
            view.fields.add(new Field("source", route.source(), null, Visibility.SOURCE));
        }
        return List.copyOf(view.fields);
    }

    private void account(Account account) {
        add("description", account.description(), "");
        add("enabled", account.enabled(), true);
        secret("password", account.password());
        add("publicKeys", account.publicKeys(), List.of());
        add("permissions", words(account.permissions()), words(ObjectDefaults.PERMISSIONS));
        add("protocols", words(account.protocols()), words(ObjectDefaults.PROTOCOLS));
        add("folders", account.folders().stream().map(VirtualPath::toString).toList(), List.of());
        add("allowFrom", account.allowFrom(), List.of());
        Account.Limits limits = account.limits();
        Account.Limits usual = ObjectDefaults.LIMITS;
        add("sessions", limits.sessions(), usual.sessions());
        add("maxFileSize", size(limits.maxFileBytes()), size(usual.maxFileBytes()));
        add("quota", size(limits.quotaBytes()), size(usual.quotaBytes()));
        add("idleTimeout", duration(limits.idleTimeout()), duration(usual.idleTimeout()));
        add("maxTransfers", number(limits.maxTransfers()), number(usual.maxTransfers()));
        add("bandwidth", size(limits.bandwidthBytes()), size(usual.bandwidthBytes()));
    }

    private void site(Site site) {
        add("description", site.description(), "");
        add("protocol", word(site.protocol()), null);
        add("tls", word(site.tlsMode()), word(ObjectDefaults.TLS_MODE));
        add("host", site.host(), null);
        add("port", site.port(), ObjectDefaults.port(site.protocol(), site.tlsMode()));
        add("folder", site.folder(), ObjectDefaults.FOLDER);
        add("user", site.user().orElse(null), null);
        secret("password", site.password());
        secret("privateKey", site.privateKey());
        secret("privateKeyPassphrase", site.privateKeyPassphrase());
        secret("bearerToken", site.bearerToken());
        add("trust", site.trust(), List.of());
        add("connectTimeout", duration(site.connectTimeout()), duration(ObjectDefaults.CONNECT_TIMEOUT));
        add("timeout", duration(site.timeout()), duration(ObjectDefaults.TIMEOUT));
        add("maxParallel", site.maxParallel(), ObjectDefaults.MAX_PARALLEL);
        add("bandwidth", size(site.bandwidthBytes()), null);
        add("zone", site.zone().text(), ObjectDefaults.SITE_ZONE.text());
        add("recovery", site.recovery().stream().map(HostPort::toString).toList(), List.of());
    }

    private void zone(Zone zone) {
        add("description", zone.description(), "");
        add("edges", zone.edges().stream().map(ObjectFields::edge).toList(), null);
        add("listeners", zone.listeners().stream().map(ObjectFields::listener).toList(), List.of());
        add("ownRoutes", zone.ownRoutes() == Zone.OwnRoutes.ALLOWED, false);
        Zone.Outbound outbound = zone.outbound();
        add("outbound", outbound.offered(), false);
        add("default", outbound.isDefault(), false);
        add("whenDown", word(outbound.whenDown()), word(ObjectDefaults.WHEN_DOWN));
        add("destinations", outbound.destinations(), List.of());
        add("outboundIdle", duration(outbound.idle()), duration(ObjectDefaults.OUTBOUND_IDLE));
        Optional<Zone.Proxies> proxies = outbound.proxies();
        add(
                "proxies",
                proxies.map(all -> all.addresses().stream()
                                .map(Zone.Proxy::toString)
                                .toList())
                        .orElse(List.of()),
                List.of());
        add("proxyUser", proxies.flatMap(Zone.Proxies::user).orElse(null), null);
        secret("proxyPassword", proxies.flatMap(Zone.Proxies::password));
    }

    private static Map<String, Object> edge(Zone.Edge edge) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", edge.name().value());
        fields.put(
                "addresses", edge.addresses().stream().map(HostPort::toString).toList());
        if (!edge.pins().isEmpty()) {
            fields.put("pins", edge.pins().stream().sorted().toList());
        }
        edge.publicAddress().ifPresent(address -> fields.put("publicAddress", address));
        edge.passivePorts().ifPresent(ports -> fields.put("passivePorts", ports));
        return fields;
    }

    private static Map<String, Object> listener(Zone.Listener listener) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", listener.name());
        fields.put("protocol", word(listener.protocol()));
        if (listener.mode() != Zone.Mode.SESSIONS) {
            fields.put("mode", word(listener.mode()));
        }
        if (!listener.address().equals(ObjectDefaults.LISTENER_ADDRESS)) {
            fields.put("address", listener.address());
        }
        fields.put("port", listener.port());
        if (listener.tls() != ObjectDefaults.TLS_MODE) {
            fields.put("tls", word(listener.tls()));
        }
        listener.passivePorts().ifPresent(ports -> fields.put("passivePorts", ports));
        listener.maxSessions().ifPresent(most -> fields.put("maxSessions", most));
        putNetworks(fields, "proxyProtocolFrom", listener.proxyProtocolFrom());
        putNetworks(fields, "allowFrom", listener.admission().allowFrom());
        putNetworks(fields, "denyFrom", listener.admission().denyFrom());
        Zone.Rates rates = listener.admission().rates();
        rates.connections().ifPresent(rate -> fields.put("connectionRate", rate.toString()));
        rates.connectionsPerAddress().ifPresent(rate -> fields.put("connectionRatePerAddress", rate.toString()));
        rates.logins().ifPresent(rate -> fields.put("loginRate", rate.toString()));
        return fields;
    }

    private static void putNetworks(Map<String, Object> fields, String name, List<Network> networks) {
        if (!networks.isEmpty()) {
            fields.put(name, networks.stream().map(Network::toString).toList());
        }
    }

    private void calendar(Calendar calendar) {
        add("description", calendar.description(), "");
        add("weekdays", words(calendar.weekdays()), List.of());
        add("dates", sorted(calendar.dates()), List.of());
        add(
                "yearly",
                sorted(calendar.yearly()).stream().map(day -> day.substring(2)).toList(),
                List.of());
    }

    /** Dates as ISO 8601 writes them. */
    private static List<String> sorted(Collection<?> days) {
        return days.stream().map(Object::toString).sorted().toList();
    }

    private void schedule(Schedule schedule) {
        add("description", schedule.description(), "");
        add("enabled", schedule.enabled(), true);
        add("cron", schedule.cron(), null);
        add("timeZone", zone(schedule.timeZone().getId()), zone(ObjectDefaults.TIME_ZONE.getId()));
        add("missed", word(schedule.missed()), word(ObjectDefaults.MISSED));
        add("calendar", schedule.calendar().map(CalendarName::value).orElse(null), null);
        add("holidays", word(schedule.holidays()), word(ObjectDefaults.HOLIDAYS));
        add("overlap", word(schedule.overlap()), word(ObjectDefaults.OVERLAP));
    }

    private void resource(RouteResource resource) {
        add("description", resource.description(), "");
        add("url", resource.url(), null);
        add("user", resource.user().orElse(null), null);
        secret("password", resource.password());
        add("xa", resource.xa(), true);
        add("connections", resource.connections(), ObjectDefaults.RESOURCE_CONNECTIONS);
        add("timeout", duration(resource.timeout()), duration(ObjectDefaults.RESOURCE_TIMEOUT));
    }

    private void add(String name, @Nullable Object value, @Nullable Object fallback) {
        fields.add(new Field(name, value, fallback, Visibility.SHOWN));
    }

    private void secret(String name, Optional<?> value) {
        fields.add(new Field(name, value.orElse(null), null, Visibility.SECRET));
    }

    /** The word for a choice in a document: {@code RUN_ONCE} is {@code run-once}. */
    public static String word(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static List<String> words(Collection<? extends Enum<?>> choices) {
        return choices.stream()
                .sorted((a, b) -> a.ordinal() - b.ordinal())
                .map(ObjectFields::word)
                .toList();
    }

    private static String zone(String id) {
        return id.equals("Z") ? "UTC" : id;
    }

    private static @Nullable String size(OptionalLong bytes) {
        return bytes.isPresent() ? ByteSize.format(bytes.getAsLong()) : null;
    }

    private static @Nullable Integer number(OptionalInt value) {
        return value.isPresent() ? value.getAsInt() : null;
    }

    private static String duration(Duration duration) {
        return DurationText.format(duration);
    }
}
