package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Real servers: how soon what is changed on one is in force on the others. It needs the machine for itself. */
class SharedConfigurationIT {
    private static final Pattern MEMBERS = Pattern.compile("(?m)^serai_cache_members(?:\\{.*})? ([0-9.]+)$");

    /**
     * A third of the changes each to an account, a site and a route, every other route of them one that runs already; a hundred
     * changes each with whole, split and silent caches.
     */
    @Test
    void changesAreInForceOnAllNodesInUnderASecondThoughTheCachesAreSplit() {
        try (TestFolder folder = new TestFolder("changes");
                ClusterOfServers cluster = ClusterOfServers.startAsShipped(folder, 3)) {
            await("one group of caches").atMost(Duration.ofSeconds(60)).until(() -> members(cluster) == 3);
            changes(cluster, 0, 6); // nothing is compiled yet

            List<Long> whole = changes(cluster, 6, 106);
            cluster.splitCaches();
            List<Long> split = changes(cluster, 106, 206);
            awaitSplit(cluster);
            cluster.mendCaches();
            await("one group again").atMost(Duration.ofSeconds(90)).until(() -> members(cluster) == 3);
            cluster.silenceCaches();
            List<Long> silent = new ArrayList<>();
            for (int i = 206; i < 306 || members(cluster) == 3; i++) {
                assertThat(i).as("changes until the nodes miss one another").isLessThan(1000);
                silent.add(change(cluster, i));
            }
            report("changes while nothing passes between the caches", silent);

            List<Long> all = new ArrayList<>(whole);
            all.addAll(split);
            all.addAll(silent);
            report("all " + all.size(), all);
            expectUnderASecond("with whole caches", whole);
            expectUnderASecond("with split caches", split);
            expectUnderASecond("with silent caches", silent);
            expectUnderASecond("of all", all);
        }
    }

    /** The changes were over before the nodes noticed, perhaps; that the lines did carry nothing they do notice. */
    private static void awaitSplit(ClusterOfServers cluster) {
        await("the nodes miss one another").atMost(Duration.ofSeconds(60)).until(() -> members(cluster) < 3);
    }

    private static int members(ClusterOfServers cluster) {
        return cluster.nodes().stream()
                .mapToInt(node -> members(node.server()))
                .min()
                .orElseThrow();
    }

    private static List<Long> changes(ClusterOfServers cluster, int from, int to) {
        List<Long> millis = new ArrayList<>();
        for (int i = from; i < to; i++) {
            millis.add(change(cluster, i));
        }
        report("changes " + from + " to " + to, millis);
        return millis;
    }

    private static void report(String what, List<Long> millis) {
        System.out.printf(
                "%s were in force on all nodes after: median %d ms, p99 %d ms%n",
                what, percentile(millis, 50), percentile(millis, 99));
    }

    private static void expectUnderASecond(String which, List<Long> millis) {
        assertThat(percentile(millis, 99))
                .as("p99 in ms of the changes " + which)
                .isLessThan(1000);
    }

    private static long percentile(List<Long> millis, int percent) {
        List<Long> sorted = millis.stream().sorted().toList();
        return sorted.get((int) Math.ceil(sorted.size() * percent / 100.0) - 1);
    }

    /** From the moment that the change is asked for on one node until it is in force on all; in ms. */
    private static long change(ClusterOfServers cluster, int number) {
        String text = "text " + number + " is in force";
        Change change = List.of(
                        Change.ACCOUNT, Change.SITE, Change.NEW_ROUTE, Change.ACCOUNT, Change.SITE, Change.ROUTE)
                .get(number % 6);
        String newRoute = "route-" + number;
        String document = switch (change) {
            case ACCOUNT ->
                "kind: Account\nname: acme\nspec:\n  description: " + text
                        + "\n  publicKeys: []\n  protocols: [sftp]\n";
            case SITE ->
                "kind: Site\nname: acme\nspec:\n  description: " + text
                        + "\n  protocol: https\n  host: partner.example\n";
            case NEW_ROUTE -> route("direct:" + newRoute, text).replace("id: tick", "id: " + newRoute);
            // Says its text once, as soon as it runs; a timer's first time may be before that.
            case ROUTE -> route("timer:tick?repeatCount=1&delay=0&period=20", text);
        };
        String file = change == Change.NEW_ROUTE ? newRoute : change == Change.ROUTE ? "tick" : "acme";
        RunningServer asked = cluster.server(number % 2);
        Map<String, Long> printed = cluster.nodes().stream()
                .collect(Collectors.toMap(
                        ClusterOfServers.Node::name, node -> node.server().printed()));
        long began = System.nanoTime();
        asked.admin().post("/api/v1/apply", document(file + ".yaml", document));
        for (ClusterOfServers.Node node : cluster.nodes()) {
            await("change %d on node %s".formatted(number, node.name()))
                    .atMost(Duration.ofSeconds(60))
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> switch (change) {
                        case ACCOUNT -> yaml(node.server(), "account").contains(text);
                        case SITE -> yaml(node.server(), "site").contains(text);
                        case NEW_ROUTE -> routes(node.server()).contains(newRoute);
                        case ROUTE ->
                            node.server().logSince(printed.get(node.name())).contains(text);
                    });
        }
        return Duration.ofNanos(System.nanoTime() - began).toMillis();
    }

    /** What is changed: an object that is there, but for the route that is added. */
    private enum Change {
        ACCOUNT,
        SITE,
        NEW_ROUTE,
        ROUTE
    }

    private static String yaml(RunningServer server, String kind) {
        return server.admin()
                .get("/api/v1/objects/" + kind + "/acme")
                .path("yaml")
                .asText();
    }

    /** The nodes that share caches with this one, itself included. */
    private static int members(RunningServer server) {
        try (InputStream metrics =
                URI.create(server.adminUrl() + "/observe/metrics").toURL().openStream()) {
            Matcher members = MEMBERS.matcher(new String(metrics.readAllBytes(), StandardCharsets.UTF_8));
            assertThat(members.find()).isTrue();
            return (int) Double.parseDouble(members.group(1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> routes(RunningServer server) {
        List<String> ids = new ArrayList<>();
        server.admin()
                .get("/api/v1/routes")
                .path("routes")
                .forEach(route -> ids.add(route.path("id").asText()));
        return ids;
    }

    static Map<String, Object> document(String name, String text) {
        return Map.of("documents", List.of(Map.of("name", name, "text", text)));
    }

    static String route(String beginning, String text) {
        return """
                - route:
                    id: tick
                    from:
                      uri: %s
                      steps:
                        - log: "%s"
                """.formatted(beginning, text);
    }
}
