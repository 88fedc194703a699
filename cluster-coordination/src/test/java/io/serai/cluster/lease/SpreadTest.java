package io.serai.cluster.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.NodeName;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SpreadTest {
    @Test
    void givesNoNodeMoreThanItsShare() {
        for (int nodes = 1; nodes <= 20; nodes++) {
            for (int leases : new int[] {1, 3, 10, 57}) {
                Map<LeaseName, NodeName> found = assign(survey(leases, nodes, Set.of()));
                int share = (leases + nodes - 1) / nodes;
                Map<NodeName, Long> loads =
                        found.values().stream().collect(Collectors.groupingBy(node -> node, Collectors.counting()));
                assertThat(found).hasSize(leases);
                assertThat(loads.values()).allMatch(load -> load <= share);
            }
        }
    }

    @Test
    void movesFewLeasesWhenANodeGoes() {
        Map<LeaseName, NodeName> before = assign(survey(60, 6, Set.of()));
        Map<LeaseName, NodeName> after = assign(survey(60, 5, Set.of()));

        long moved = before.entrySet().stream()
                .filter(each -> !each.getValue().equals(new NodeName("node-5")))
                .filter(each -> !each.getValue().equals(after.get(each.getKey())))
                .count();
        assertThat(moved).isLessThan(20);
    }

    @Test
    void givesDrainingNodesNothingWhileThereAreOthers() {
        NodeName draining = new NodeName("node-0");
        assertThat(assign(survey(20, 2, Set.of(draining))).values()).doesNotContain(draining);
        assertThat(assign(survey(20, 1, Set.of(draining))).values()).containsOnly(draining);
    }

    private static Survey survey(int leases, int nodes, Set<NodeName> draining) {
        Set<NodeName> all = IntStream.range(0, nodes)
                .mapToObj(i -> new NodeName("node-" + i))
                .collect(Collectors.toCollection(HashSet::new));
        Map<LeaseName, Set<NodeName>> candidates = new HashMap<>();
        IntStream.range(0, leases).forEach(i -> candidates.put(new LeaseName("leader", "reports-" + i), all));
        return new Survey(candidates, Map.of(), draining);
    }

    private static Map<LeaseName, NodeName> assign(Survey survey) {
        Spread spread = Spread.of(survey);
        return List.copyOf(survey.candidates().keySet()).stream()
                .collect(
                        Collectors.toMap(name -> name, name -> spread.best(name).orElseThrow()));
    }
}
