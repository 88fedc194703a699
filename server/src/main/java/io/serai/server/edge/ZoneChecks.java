package io.serai.server.edge;

import io.serai.cluster.object.ObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.ZoneName;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.config.object.ZoneChoice;
import io.serai.edge.tcp.Destinations;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What must be right between zones, and between sites and zones. */
public final class ZoneChecks {
    private ZoneChecks() {}

    /**
     * Checks the objects that are to be put, together with those in force that they do not replace.
     *
     * @throws SeraiException {@code INVALID} with what is wrong and the mend
     */
    public static void check(List<ConfigObject> puts, ObjectStore objects) {
        boolean concerned = puts.stream().anyMatch(put -> put instanceof Zone || put instanceof Site);
        if (!concerned) {
            return;
        }
        Map<ZoneName, Zone> zones = new TreeMap<>();
        objects.all(Zone.class).forEach(zone -> zones.put(zone.name(), zone));
        for (ConfigObject put : puts) {
            if (put instanceof Zone zone) {
                zones.put(zone.name(), zone);
            }
        }
        for (ConfigObject put : puts) {
            if (put instanceof Zone zone) {
                requireReadableDestinations(zone);
            }
        }
        requireOneDefault(zones.values());
        requireEdgesApart(zones.values());
        for (ConfigObject put : puts) {
            if (put instanceof Site site && site.zone() instanceof ZoneChoice.Named named) {
                requireWayOut(site, named.zone(), zones);
            }
        }
        for (Zone zone : zones.values()) {
            if (puts.contains(zone) && !zone.outbound().offered()) {
                requireUnused(zone, puts, objects);
            }
        }
    }

    /** They are read as the edges will read them. */
    private static void requireReadableDestinations(Zone zone) {
        try {
            var unused = Destinations.of(zone.outbound().destinations());
        } catch (SeraiException e) {
            throw invalid("zone \"" + zone.name() + "\": " + e.text());
        }
    }

    private static void requireOneDefault(Collection<Zone> zones) {
        List<String> defaults = zones.stream()
                .filter(zone -> zone.outbound().isDefault())
                .map(Zone::objectName)
                .toList();
        if (defaults.size() > 1) {
            throw invalid("the zones " + String.join(" and ", defaults)
                    + " both say that they are the default; set default: false in all but one, in the same change");
        }
    }

    /** An edge that two zones name would take the listeners of both. */
    private static void requireEdgesApart(Collection<Zone> zones) {
        Map<EdgeName, Zone> names = new HashMap<>();
        Map<HostPort, Zone> addresses = new HashMap<>();
        for (Zone zone : zones) {
            for (Zone.Edge edge : zone.edges()) {
                Zone other = names.putIfAbsent(edge.name(), zone);
                if (other != null) {
                    throw invalid("edge " + edge.name() + " is in the zones " + other.name() + " and " + zone.name()
                            + "; remove it from one of them, in the same change");
                }
                for (HostPort address : edge.addresses()) {
                    Zone there = addresses.putIfAbsent(address, zone);
                    if (there != null) {
                        throw invalid("the zones " + there.name() + " and " + zone.name() + " both have an edge at "
                                + address + "; an address belongs to one edge");
                    }
                }
            }
        }
    }

    private static void requireWayOut(Site site, ZoneName name, Map<ZoneName, Zone> zones) {
        Zone zone = zones.get(name);
        if (zone == null) {
            throw invalid("site \"" + site.name() + "\": there is no zone \"" + name
                    + "\"; apply it first, or together with the site");
        }
        if (!zone.outbound().offered()) {
            throw invalid("site \"" + site.name() + "\": nothing leaves through the zone \"" + name
                    + "\"; set outbound: true there, or zone: none here");
        }
    }

    /** Sites that are in force and are not put themselves. */
    private static void requireUnused(Zone zone, List<ConfigObject> puts, ObjectStore objects) {
        List<String> users = objects.all(Site.class).stream()
                .filter(site -> site.zone().equals(new ZoneChoice.Named(zone.name())))
                .map(Site::objectName)
                .filter(name -> puts.stream()
                        .noneMatch(put ->
                                put instanceof Site other && other.objectName().equals(name)))
                .toList();
        if (!users.isEmpty()) {
            throw invalid("zone \"" + zone.name() + "\" must keep outbound: true, since these sites leave through it: "
                    + String.join(", ", users));
        }
    }

    private static SeraiException invalid(String text) {
        return new SeraiException(ErrorCode.INVALID, text);
    }
}
