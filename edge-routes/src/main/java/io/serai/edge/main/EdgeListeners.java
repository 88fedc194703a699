package io.serai.edge.main;

import io.serai.config.error.SeraiException;
import io.serai.edge.message.EdgeMessages.EdgeConfig;
import io.serai.edge.message.EdgeMessages.IdentityFile;
import io.serai.edge.message.EdgeMessages.Offer;
import io.serai.edge.message.RouteFiles;
import io.serai.edge.routefile.OfferText;
import io.serai.endpoint.BoundListener;
import io.serai.endpoint.sftp.HostKeys;
import io.serai.endpoint.tls.TlsIdentity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.camel.Endpoint;
import org.apache.camel.Route;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of an edge that run: one a file, whether its servers say what is in it or it is the edge's own. A route whose
 * text stays as it was goes on undisturbed, and one that cannot be replaced runs on; keys are beans in memory. Its methods
 * take turns.
 */
final class EdgeListeners {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeListeners.class);
    private static final String CERTIFICATE = "tls-certificate.pem";
    private static final String KEY = "tls-key.pem";
    private static final String HOST_KEYS = "edgeHostKeys";
    private static final String TLS = "edgeTls";

    private final DefaultCamelContext camel;
    /** The routes that run, by file. */
    private final Map<String, Running> running = new LinkedHashMap<>();
    /** What could not be put in force in the place of a route that runs on. It is not tried again: each try ends sessions. */
    private final Map<String, Refused> refused = new LinkedHashMap<>();

    /** The keys that partners see, by the bean that stands for them. */
    private final Map<String, Keys> identity = new TreeMap<>(Map.of(HOST_KEYS, Keys.NONE, TLS, Keys.NONE));

    /** @param generation counts the changes */
    private record Keys(List<IdentityFile> files, int generation) {
        private static final Keys NONE = new Keys(List.of(), 0);

        boolean areThere() {
            return !files.isEmpty();
        }
    }

    /** A route that runs, with the text that it was loaded from. */
    private record Running(String text, String routeId, List<Endpoint> endpoints) {}

    private record Refused(String text, String reason) {}

    EdgeListeners(DefaultCamelContext camel) {
        this.camel = camel;
    }

    /** Brings the listeners to what servers say; what could not be done, for operators, and nothing when all could. */
    synchronized List<String> apply(EdgeConfig config) {
        List<String> problems = new ArrayList<>();
        present(config, problems);
        Map<String, String> wanted = new LinkedHashMap<>();
        for (Offer offer : config.offers()) {
            try {
                wanted.put(OfferText.fileName(offer), withKeys(OfferText.of(offer)));
            } catch (IllegalArgumentException e) {
                Running now = running.get(OfferText.fileName(offer));
                if (now != null) {
                    wanted.put(OfferText.fileName(offer), now.text());
                }
                problems.add("listener " + offer.name() + ": " + e.getMessage()
                        + (now == null ? "" : "; the former route runs on"));
            }
        }
        bring(wanted, problems);
        return problems;
    }

    /** Brings the listeners to the edge's own files; of the servers it takes the keys that partners see. */
    synchronized List<String> apply(Optional<EdgeConfig> config, RouteFiles own) {
        List<String> problems = new ArrayList<>();
        config.ifPresent(said -> present(said, problems));
        Map<String, String> wanted = new LinkedHashMap<>();
        own.texts().forEach((file, text) -> {
            if (lacksKeys(text)) {
                problems.add(file
                        + (config.isPresent()
                                ? ": the servers give it no keys; its zone says ownRoutes: true if they shall"
                                : ": waits for the keys that a server gives"));
            } else {
                wanted.put(file, withKeys(text));
            }
        });
        bring(wanted, problems);
        return problems;
    }

    private boolean lacksKeys(String text) {
        return text.contains(OfferText.HOST_KEYS) && !keys(HOST_KEYS).areThere()
                || text.contains(OfferText.TLS) && !keys(TLS).areThere();
    }

    private Keys keys(String bean) {
        return identity.getOrDefault(bean, Keys.NONE);
    }

    private String beanName(String bean) {
        return bean + keys(bean).generation();
    }

    /** Other keys have other names, so that the routes that show them are others, too. */
    private String withKeys(String text) {
        return text.replace(
                        OfferText.HOST_KEYS,
                        OfferText.HOST_KEYS + keys(HOST_KEYS).generation())
                .replace(OfferText.TLS, OfferText.TLS + keys(TLS).generation());
    }

    /** What routes can name, as they do so. */
    synchronized Map<String, Object> beans() {
        Map<String, Object> beans = new TreeMap<>();
        for (String name : List.of(HOST_KEYS, TLS)) {
            Object bean = camel.getRegistry().lookupByName(beanName(name));
            if (bean != null) {
                beans.put(name, bean);
            }
        }
        return beans;
    }

    // ---- keys ----

    private void present(EdgeConfig config, List<String> problems) {
        List<IdentityFile> hostKeys = new ArrayList<>();
        List<IdentityFile> tls = new ArrayList<>();
        for (IdentityFile file : config.identity()) {
            (file.name().equals(CERTIFICATE) || file.name().equals(KEY) ? tls : hostKeys).add(file);
        }
        try {
            present(HOST_KEYS, hostKeys, HostKeys.class, HostKeys::ofTexts);
            present(
                    TLS,
                    tls,
                    TlsIdentity.class,
                    texts -> TlsIdentity.ofPem(texts.getOrDefault(CERTIFICATE, ""), texts.getOrDefault(KEY, "")));
        } catch (SeraiException e) {
            problems.add("the keys that partners see: " + e.text());
        }
    }

    /** Keys that stay as they were keep their bean, so that the routes that show them are not disturbed. */
    private <B> void present(
            String bean, List<IdentityFile> files, Class<B> type, Function<Map<String, String>, B> read) {
        if (files.equals(keys(bean).files())) {
            return;
        }
        int next = keys(bean).generation() + 1;
        if (!files.isEmpty()) {
            Map<String, String> texts = new TreeMap<>();
            files.forEach(file -> texts.put(file.name(), file.text()));
            camel.getRegistry().bind(bean + next, type, read.apply(texts));
        }
        camel.getRegistry().unbind(beanName(bean));
        identity.put(bean, new Keys(List.copyOf(files), next));
    }

    // ---- routes ----

    private void bring(Map<String, String> wanted, List<String> problems) {
        for (String file : List.copyOf(running.keySet())) {
            if (!wanted.containsKey(file)) {
                remove(file);
            }
        }
        refused.keySet().removeIf(file -> !wanted.containsKey(file));
        Map<String, String> coming = new LinkedHashMap<>();
        wanted.forEach((file, text) -> {
            Running now = running.get(file);
            if (now == null) {
                coming.put(file, text);
            } else if (now.text().equals(text)) {
                refused.remove(file);
            } else if (mayReplace(file, text, problems)) {
                coming.put(file, text);
            }
        });
        Map<String, Running> former = new LinkedHashMap<>();
        for (String file : coming.keySet()) {
            Running now = remove(file);
            if (now != null) {
                former.put(file, now);
            }
        }
        coming.forEach((file, text) -> replace(file, text, Optional.ofNullable(former.get(file)), problems));
    }

    /** Whether the running route can be closed for this one: not if that is known to fail. */
    private boolean mayReplace(String file, String text, List<String> problems) {
        Refused before = refused.get(file);
        if (before != null && before.text().equals(text)) {
            problems.add(before.reason() + "; the former route runs on");
            return false;
        }
        Optional<InetSocketAddress> wanted = ListenAddress.of(text);
        if (wanted.isPresent() && !isOurs(wanted.get()) && !isFree(wanted.get())) {
            problems.add(file + ": the port " + wanted.get().getPort()
                    + " is taken by another programme; the former route runs on");
            return false;
        }
        return true;
    }

    private boolean isOurs(InetSocketAddress wanted) {
        return camel.getRoutes().stream()
                .map(Route::getConsumer)
                .anyMatch(consumer -> consumer instanceof BoundListener listener
                        && listener.address() != null
                        && listener.address().getPort() == wanted.getPort());
    }

    private static boolean isFree(InetSocketAddress wanted) {
        try (ServerSocket trial = new ServerSocket()) {
            trial.setReuseAddress(true);
            trial.bind(wanted);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void replace(String file, String text, Optional<Running> former, List<String> problems) {
        Optional<String> failure = add(file, text);
        if (failure.isEmpty()) {
            refused.remove(file);
            return;
        }
        String reason = file + ": " + failure.get();
        if (former.isPresent() && add(file, former.get().text()).isEmpty()) {
            refused.put(file, new Refused(text, reason));
            problems.add(reason + "; the former route runs on");
        } else {
            problems.add(reason + "; it is tried again");
        }
    }

    /** The reason if it could not be done; nothing is left of it then. */
    private Optional<String> add(String file, String text) {
        Set<String> before = routeIds();
        try {
            PluginHelper.getRoutesLoader(camel).loadRoutes(ResourceHelper.fromString("mem:/" + file, text));
            Route route = newRoute(before);
            running.put(file, new Running(text, route.getRouteId(), endpoints(route)));
            LOG.info("The listener {} is open", RouteTrial.routeId(file));
            return Optional.empty();
        } catch (Exception | LinkageError e) { // a loader may throw anything
            LOG.error("The listener {} could not be opened", RouteTrial.routeId(file), e);
            Set<String> left = new LinkedHashSet<>(routeIds());
            left.removeAll(before);
            left.forEach(id -> removeRoute(id, endpoints(camel.getRoute(id))));
            return Optional.of(RouteTrial.reason(e));
        }
    }

    private Set<String> routeIds() {
        Set<String> ids = new LinkedHashSet<>();
        camel.getRoutes().forEach(route -> ids.add(route.getRouteId()));
        camel.getRouteDefinitions().forEach(route -> ids.add(route.getId()));
        return ids;
    }

    private Route newRoute(Set<String> before) {
        return camel.getRoutes().stream()
                .filter(route -> !before.contains(route.getRouteId()))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the file has no route, or one whose id another has"));
    }

    private static List<Endpoint> endpoints(@Nullable Route route) {
        return route == null ? List.of() : List.of(route.getEndpoint());
    }

    /** What ran; null when nothing did. What runs on it ends, after Camel's shutdown timeout at the latest. */
    private @Nullable Running remove(String file) {
        Running gone = running.remove(file);
        if (gone != null) {
            removeRoute(gone.routeId(), gone.endpoints());
            LOG.info("The listener {} is closed", RouteTrial.routeId(file));
        }
        return gone;
    }

    private void removeRoute(String id, List<Endpoint> endpoints) {
        try {
            if (camel.getRoute(id) != null) {
                camel.getRouteController().stopRoute(id);
                boolean unused = camel.removeRoute(id);
            }
            RouteDefinition left = camel.getRouteDefinition(id);
            if (left != null) {
                camel.removeRouteDefinition(left);
            }
            for (Endpoint endpoint : endpoints) {
                camel.removeEndpoint(endpoint);
            }
        } catch (Exception e) { // Camel declares any
            LOG.warn("What is left of the route {} could not be removed", id, e);
        }
    }
}
