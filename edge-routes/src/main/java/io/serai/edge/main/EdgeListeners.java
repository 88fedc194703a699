package io.serai.edge.main;

import io.serai.config.error.SeraiException;
import io.serai.edge.message.EdgeMessages.EdgeConfig;
import io.serai.edge.message.EdgeMessages.IdentityFile;
import io.serai.edge.message.EdgeMessages.Offer;
import io.serai.endpoint.sftp.HostKeys;
import io.serai.endpoint.tls.TlsIdentity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.model.RouteDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listeners of an edge, as its servers want them. A listener whose options stay as they were goes on undisturbed; keys
 * are beans in memory. Its methods take turns.
 */
final class EdgeListeners {
    static final String RELAY = "relay:internal";
    private static final Logger LOG = LoggerFactory.getLogger(EdgeListeners.class);
    private static final String ID_PREFIX = "serai-listener-";
    private static final String CERTIFICATE = "tls-certificate.pem";
    private static final String KEY = "tls-key.pem";
    private static final String HOST_KEYS = "edgeHostKeys";
    private static final String TLS = "edgeTls";

    /** What servers may say of who may connect. */
    private static final Set<String> ADMISSION = Set.of("allow", "deny");

    /** What servers may say of a listener. One that an older edge does not know must not be left out in silence. */
    private static final Set<String> OPTIONS = Set.of(
            "bindAddress",
            "port",
            "proxyProtocolFrom",
            "maxSessions",
            "maxConnections",
            "tls",
            "passivePorts",
            "passiveAddress");

    private final CamelContext camel;
    /** The routes that run, by listener. */
    private final Map<String, Wanted> running = new LinkedHashMap<>();

    private List<IdentityFile> identity = List.of();
    private int generation;

    /** A route: its endpoint, and the rule of who may connect. */
    private record Wanted(String from, String admission) {}

    EdgeListeners(CamelContext camel) {
        this.camel = camel;
    }

    /** Brings the listeners to this; what could not be done, for operators, and nothing when all could. */
    synchronized List<String> apply(EdgeConfig config) {
        List<String> problems = new ArrayList<>();
        if (!config.identity().equals(identity)) {
            present(config.identity(), problems);
        }
        Map<String, Wanted> wanted = new LinkedHashMap<>();
        for (Offer offer : config.offers()) {
            try {
                wanted.put(offer.name(), wanted(offer));
            } catch (IllegalArgumentException e) {
                problems.add("listener " + offer.name() + ": " + e.getMessage());
            }
        }
        for (Map.Entry<String, Wanted> listener : List.copyOf(running.entrySet())) {
            if (!listener.getValue().equals(wanted.get(listener.getKey()))) {
                remove(listener.getKey(), listener.getValue());
            }
        }
        wanted.forEach((name, route) -> {
            if (!running.containsKey(name)) {
                add(name, route, problems);
            }
        });
        return problems;
    }

    /** Other keys have other names, so that the endpoints that show them are others, too. */
    private void present(List<IdentityFile> files, List<String> problems) {
        Map<String, String> hostKeys = new TreeMap<>();
        Map<String, String> tls = new TreeMap<>();
        for (IdentityFile file : files) {
            (file.name().equals(CERTIFICATE) || file.name().equals(KEY) ? tls : hostKeys).put(file.name(), file.text());
        }
        int next = generation + 1;
        try {
            if (!hostKeys.isEmpty()) {
                camel.getRegistry().bind(HOST_KEYS + next, HostKeys.class, HostKeys.ofTexts(hostKeys));
            }
            if (!tls.isEmpty()) {
                camel.getRegistry()
                        .bind(
                                TLS + next,
                                TlsIdentity.class,
                                TlsIdentity.ofPem(tls.getOrDefault(CERTIFICATE, ""), tls.getOrDefault(KEY, "")));
            }
        } catch (SeraiException e) {
            problems.add("the keys that partners see: " + e.text());
            return;
        }
        camel.getRegistry().unbind(HOST_KEYS + generation);
        camel.getRegistry().unbind(TLS + generation);
        identity = List.copyOf(files);
        generation = next;
    }

    private Wanted wanted(Offer offer) {
        if (!offer.name().matches("[a-z][a-z0-9-]{0,31}")) {
            throw new IllegalArgumentException("its name cannot be");
        }
        String scheme = switch (offer.protocol()) {
            case "sftp" -> "sftp-server:" + offer.name() + "?hostKeySet=#bean:" + HOST_KEYS + generation;
            case "ftps" -> "ftp-server:" + offer.name() + "?tlsIdentity=#bean:" + TLS + generation;
            case "https" -> "http-server:" + offer.name() + "?tlsIdentity=#bean:" + TLS + generation;
            default ->
                throw new IllegalArgumentException(
                        "this edge does not know the protocol " + offer.protocol() + "; give it the servers' release");
        };
        StringBuilder from = new StringBuilder(scheme);
        StringBuilder admission = new StringBuilder();
        for (String option : offer.options()) {
            int equals = option.indexOf('=');
            String name = equals < 0 ? option : option.substring(0, equals);
            boolean admits = ADMISSION.contains(name);
            if (!admits && !OPTIONS.contains(name) || option.indexOf(')') >= 0) {
                throw new IllegalArgumentException(
                        "this edge does not know the option " + name + "; give it the servers' release");
            }
            String said = name + "=RAW(" + option.substring(equals + 1) + ")";
            if (admits) {
                admission
                        .append(admission.length() == 0 ? "admit:" + offer.name() + "?" : "&")
                        .append(said);
            } else {
                from.append('&').append(said);
            }
        }
        return new Wanted(from.toString(), admission.toString());
    }

    private void add(String name, Wanted route, List<String> problems) {
        try {
            camel.addRoutes(new RouteBuilder(camel) {
                @Override
                public void configure() {
                    // spotless:off
                    RouteDefinition partners = from(route.from())
                        .routeId(ID_PREFIX + name)
                        .errorHandler(noErrorHandler())
                        .noStreamCaching()
                        .noMessageHistory();
                    if (!route.admission().isEmpty()) {
                        partners.to(route.admission());
                    }
                    partners.to(RELAY);
                    // spotless:on
                }
            });
            running.put(name, route);
            LOG.info("The listener {} is open", name);
        } catch (Exception e) { // Camel declares any
            problems.add("listener " + name + ": " + cause(e));
            LOG.error("The listener {} could not be opened; it is tried again", name, e);
            remove(name, route);
        }
    }

    private static String cause(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SeraiException ours) {
                return ours.text();
            }
        }
        return String.valueOf(failure.getMessage());
    }

    /** What runs on it ends, after Camel's shutdown timeout at the latest. */
    private void remove(String name, Wanted route) {
        running.remove(name);
        String id = ID_PREFIX + name;
        try {
            if (camel.getRoute(id) != null) {
                camel.getRouteController().stopRoute(id);
                camel.removeRoute(id);
                LOG.info("The listener {} is closed", name);
            }
            Endpoint endpoint = camel.hasEndpoint(route.from());
            if (endpoint != null) {
                camel.removeEndpoint(endpoint);
            }
        } catch (Exception e) { // Camel declares any
            LOG.warn("What is left of the listener {} could not be removed", name, e);
        }
    }
}
