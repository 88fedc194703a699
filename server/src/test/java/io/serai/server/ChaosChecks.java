package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What must hold after the chaos. */
final class ChaosChecks {
    private final ClusterOfServers cluster;
    private final Sshd partner;
    private final ChaosLoad load;

    ChaosChecks(ClusterOfServers cluster, Sshd partner, ChaosLoad load) {
        this.cluster = cluster;
        this.partner = partner;
        this.load = load;
    }

    void everything() {
        // Not by the API, which lists the newest 10,000.
        String uploads = cluster.ask("select coalesce(string_agg(path, '\n'), '') from transfer"
                + " where kind = 'upload' and state = 'completed'");
        Map<String, Long> completed = uploads.lines()
                .map(path -> Path.of(path).getFileName().toString())
                .collect(Collectors.groupingBy(name -> name, TreeMap::new, Collectors.counting()));
        Map<String, Long> renamed = renamed("");
        report(renamed);
        somethingHappened();
        assertThat(load.partials())
                .as("what was visible before it was complete")
                .isEmpty();
        assertThat(completed.values()).as("completed uploads a name").allMatch(count -> count == 1);
        assertThat(load.sent().entrySet().stream()
                        .filter(file -> file.getValue().ok() && !completed.containsKey(file.getKey()))
                        .map(file -> file + "; the ledger has: " + rows(file.getKey())))
                .as("told OK, and no completed upload of the ledger")
                .isEmpty();
        assertThat(renamed.keySet()).as("what arrived").isEqualTo(completed.keySet());
        assertOnce(renamed);
        completed.keySet().forEach(name -> {
            String sha256 = load.sent().get(name).sha256();
            assertThat(TestFolder.sha256(partner.inbox().resolve(name)))
                    .as(name)
                    .isEqualTo(sha256);
            assertThat(TestFolder.sha256(cluster.file("acme", "/outbox/" + name)))
                    .as("%s in the home", name)
                    .isEqualTo(sha256);
        });
        pulls();
        nothingLeft();
    }

    private String rows(String name) {
        return cluster.ask(
                "select string_agg(t::text, '; ' order by t.started_at) from transfer t where path like ?",
                "%/" + name);
    }

    private void report(Map<String, Long> renamed) {
        long ok = load.sent().values().stream().filter(ChaosLoad.Sent::ok).count();
        for (String way : load.ways()) {
            System.out.printf(
                    "chaos: %d of the files told OK came by the way \"%s\"%n",
                    load.sent().entrySet().stream()
                            .filter(sent -> sent.getKey().contains("-" + way + "-"))
                            .filter(sent -> sent.getValue().ok())
                            .count(),
                    way);
        }
        System.out.printf(
                "chaos: %d files, %d told OK, %d not told, of these %d arrived; %d takeovers%n",
                load.sent().size(),
                ok,
                load.sent().size() - ok,
                renamed.keySet().stream()
                        .filter(name -> load.sent().containsKey(name))
                        .filter(name -> !load.sent().get(name).ok())
                        .count(),
                Integer.parseInt(cluster.ask("select count(*) from takeover")));
    }

    /** Checks that find nothing to look at must not pass. */
    private void somethingHappened() {
        assertThat(load.failures()).as("failures of the load itself").isEmpty();
        for (String client : List.of("sftp", "lftp", "curl")) {
            for (String way : load.ways()) {
                assertThat(load.sent().entrySet())
                        .as("files that %s was told OK for, by the way \"%s\"", client, way)
                        .anyMatch(sent -> sent.getKey().startsWith(client + "-" + way + "-")
                                && sent.getValue().ok());
            }
        }
        assertThat(load.offered()).as("files to be pulled").isNotEmpty();
        assertThat(cluster.ask("select count(*) > 0 from takeover"))
                .as("whether a node was taken over")
                .isEqualTo("t");
    }

    private void pulls() {
        Map<String, Long> pulled = renamed("pulled/");
        assertThat(pulled.keySet())
                .as("what was pulled and delivered")
                .isEqualTo(load.offered().keySet());
        assertOnce(pulled);
        pulled.keySet()
                .forEach(name -> assertThat(TestFolder.sha256(
                                partner.inbox().resolve("pulled").resolve(name)))
                        .as(name)
                        .isEqualTo(load.offered().get(name)));
    }

    private void nothingLeft() {
        assertThat(names(partner.inbox()).stream().filter(name -> !name.endsWith(".bin")))
                .as("temporary names at the partner")
                .containsExactlyInAnyOrder("shop", "pulled", "ticks");
        assertThat(cluster.ask("select count(*) from event e where state = 'claimed' and not exists"
                        + " (select 1 from node n where n.epoch = e.claimed_epoch and n.lease_until > now())"))
                .as("events that run for nobody")
                .isEqualTo("0");
        // The clock goes on firing: what a living node delivers just now is in order.
        assertThat(
                        cluster.ask(
                                "select count(*) from transfer t where state = 'running' and (route_id is distinct from"
                                        + " 'ticks' or not exists (select 1 from node n where n.epoch = t.epoch and n.lease_until > now()))"))
                .as("transfers that run for nobody")
                .isEqualTo("0");
        assertThat(cluster.ask("select count(*) from event where state = 'parked'"))
                .as("parked events")
                .isEqualTo("0");
        Path active = cluster.shared().folder().resolve("staging").resolve("active");
        for (String epoch : names(active)) {
            assertThat(names(active.resolve(epoch)))
                    .as("staging of epoch %s", epoch)
                    .isSubsetOf("owner.lock");
            assertThat(cluster.ask("select count(*) from node where epoch = ?::bigint", epoch))
                    .as("the node of staging folder %s", epoch)
                    .isEqualTo("1");
        }
        for (ClusterOfServers.Node node : cluster.nodes()) {
            assertThat(names(node.place()))
                    .as("on the local disk of %s where the share was missing", node.name())
                    .isEmpty();
        }
    }

    private static void assertOnce(Map<String, Long> counts) {
        assertThat(counts)
                .allSatisfy((name, count) ->
                        assertThat(count).as("how often %s arrived", name).isOne());
    }

    /** How often each name in a folder of the partner was renamed to. */
    private Map<String, Long> renamed(String folder) {
        return partner.renamedTo().stream()
                .filter(name -> name.startsWith(folder) && name.indexOf('/', folder.length()) < 0)
                .map(name -> name.substring(folder.length()))
                .collect(Collectors.groupingBy(name -> name, TreeMap::new, Collectors.counting()));
    }

    static List<String> names(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
