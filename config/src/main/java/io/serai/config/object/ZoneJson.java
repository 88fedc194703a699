package io.serai.config.object;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.Network;
import io.serai.config.name.ZoneName;
import io.serai.config.secret.SecretText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** Zones in the JSON of the database. */
final class ZoneJson {
    private ZoneJson() {}

    static void write(Zone zone, ObjectNode json) {
        json.put("description", zone.description());
        ArrayNode edges = json.putArray("edges");
        for (Zone.Edge edge : zone.edges()) {
            ObjectNode each = edges.addObject();
            each.put("name", edge.name().value());
            texts(each, "addresses", edge.addresses());
            texts(each, "pins", edge.pins().stream().sorted().toList());
            edge.publicAddress().ifPresent(address -> each.put("publicAddress", address));
            edge.passivePorts().ifPresent(ports -> each.put("passivePorts", ports));
        }
        ArrayNode listeners = json.putArray("listeners");
        for (Zone.Listener listener : zone.listeners()) {
            ObjectNode each = listeners.addObject();
            each.put("name", listener.name());
            each.put("protocol", listener.protocol().name());
            each.put("mode", listener.mode().name());
            each.put("address", listener.address());
            each.put("port", listener.port());
            each.put("tls", listener.tls().name());
            listener.passivePorts().ifPresent(ports -> each.put("passivePorts", ports));
            listener.maxSessions().ifPresent(most -> each.put("maxSessions", most));
            texts(each, "proxyProtocolFrom", listener.proxyProtocolFrom());
            texts(each, "allowFrom", listener.admission().allowFrom());
            texts(each, "denyFrom", listener.admission().denyFrom());
            Zone.Rates rates = listener.admission().rates();
            rates.connections().ifPresent(rate -> each.put("connectionRate", rate.toString()));
            rates.connectionsPerAddress().ifPresent(rate -> each.put("connectionRatePerAddress", rate.toString()));
            rates.logins().ifPresent(rate -> each.put("loginRate", rate.toString()));
        }
        json.put("ownRoutes", zone.ownRoutes() == Zone.OwnRoutes.ALLOWED);
        json.put("outbound", zone.outbound().offered());
        json.put("default", zone.outbound().isDefault());
        json.put("whenDown", zone.outbound().whenDown().name());
        texts(json, "destinations", zone.outbound().destinations());
        json.put("outboundIdleMillis", zone.outbound().idle().toMillis());
        zone.outbound().proxies().ifPresent(proxies -> {
            texts(json, "proxies", proxies.addresses());
            proxies.user().ifPresent(user -> json.put("proxyUser", user));
        });
    }

    /** @param proxyPassword the one secret of a zone, which is encrypted */
    static Zone read(String name, JsonFields fields, Optional<SecretText> proxyPassword) {
        return new Zone(
                new ZoneName(name),
                fields.text("description"),
                edges(fields.objects("edges")),
                listeners(fields.objects("listeners")),
                new Zone.Outbound(
                        fields.flag("outbound"),
                        fields.flag("default"),
                        Zone.WhenDown.valueOf(fields.text("whenDown")),
                        fields.texts("destinations"),
                        Duration.ofMillis(fields.number("outboundIdleMillis")),
                        proxies(fields, proxyPassword)),
                fields.optionalFlag("ownRoutes").orElse(false) ? Zone.OwnRoutes.ALLOWED : Zone.OwnRoutes.REFUSED);
    }

    private static Optional<Zone.Proxies> proxies(JsonFields fields, Optional<SecretText> password) {
        Optional<String> user = fields.optionalText("proxyUser");
        return fields.optionalTexts("proxies")
                .map(all -> new Zone.Proxies(all.stream().map(Zone.Proxy::parse).toList(), user, password));
    }

    private static List<Zone.Edge> edges(List<JsonFields> all) {
        List<Zone.Edge> edges = new ArrayList<>();
        for (JsonFields fields : all) {
            edges.add(new Zone.Edge(
                    new EdgeName(fields.text("name")),
                    fields.texts("addresses").stream()
                            .map(text -> HostPort.parse(text, ObjectDefaults.LINK_PORT))
                            .toList(),
                    Set.copyOf(fields.texts("pins")),
                    fields.optionalText("publicAddress"),
                    fields.optionalText("passivePorts")));
            fields.finish();
        }
        return edges;
    }

    private static List<Zone.Listener> listeners(List<JsonFields> all) {
        List<Zone.Listener> listeners = new ArrayList<>();
        for (JsonFields fields : all) {
            listeners.add(new Zone.Listener(
                    fields.text("name"),
                    Protocol.valueOf(fields.text("protocol")),
                    Zone.Mode.valueOf(fields.text("mode")),
                    fields.text("address"),
                    Math.toIntExact(fields.number("port")),
                    Site.TlsMode.valueOf(fields.text("tls")),
                    fields.optionalText("passivePorts"),
                    integer(fields.optionalNumber("maxSessions")),
                    networks(fields, "proxyProtocolFrom"),
                    new Zone.Admission(
                            networks(fields, "allowFrom"),
                            networks(fields, "denyFrom"),
                            new Zone.Rates(
                                    fields.optionalText("connectionRate").map(Zone.Rate::parse),
                                    fields.optionalText("connectionRatePerAddress")
                                            .map(Zone.Rate::parse),
                                    fields.optionalText("loginRate").map(Zone.Rate::parse)))));
            fields.finish();
        }
        return listeners;
    }

    private static List<Network> networks(JsonFields fields, String field) {
        return fields.texts(field).stream().map(Network::parse).toList();
    }

    private static OptionalInt integer(OptionalLong number) {
        return number.isPresent() ? OptionalInt.of(Math.toIntExact(number.getAsLong())) : OptionalInt.empty();
    }

    private static void texts(ObjectNode json, String field, Collection<?> values) {
        ArrayNode array = json.putArray(field);
        values.forEach(value -> array.add(value.toString()));
    }
}
