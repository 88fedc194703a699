package io.serai.cluster.lease;

import io.serai.config.name.NodeName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which node should hold which lease: rendezvous hashing, in which no node gets more of a group than its fair share
 * (rounded up). All nodes come to the same answer from the same survey, without asking each other; when a node goes, hardly
 * more than its own leases move.
 */
final class Spread {
    private final Map<LeaseName, NodeName> best = new HashMap<>();

    private Spread() {}

    static Spread of(Survey survey) {
        Spread spread = new Spread();
        Map<String, List<LeaseName>> groups = new HashMap<>();
        survey.candidates()
                .keySet()
                .forEach(name -> groups.computeIfAbsent(name.group(), absent -> new ArrayList<>())
                        .add(name));
        groups.values().forEach(names -> spread.assign(names, survey));
        return spread;
    }

    /** The node that should hold the lease; empty when nobody would take it. */
    Optional<NodeName> best(LeaseName name) {
        return Optional.ofNullable(best.get(name));
    }

    private void assign(List<LeaseName> names, Survey survey) {
        Set<NodeName> nodes = new HashSet<>();
        names.forEach(name -> nodes.addAll(eligible(name, survey)));
        int share = (names.size() + nodes.size() - 1) / Math.max(1, nodes.size());
        Map<NodeName, Integer> loads = new HashMap<>();
        names.sort(Comparator.comparingLong((LeaseName name) -> score(name, "")).thenComparing(name -> name));
        for (LeaseName name : names) {
            Comparator<NodeName> byScore = Comparator.comparingLong((NodeName node) -> score(name, node.value()));
            Set<NodeName> all = eligible(name, survey);
            Optional<NodeName> withRoom = all.stream()
                    .filter(node -> loads.getOrDefault(node, 0) < share)
                    .max(byScore);
            withRoom.or(() -> all.stream().max(byScore)).ifPresent(node -> {
                best.put(name, node);
                loads.merge(node, 1, Integer::sum);
            });
        }
    }

    /** Nodes that drain get a lease only when there is no other. */
    private static Set<NodeName> eligible(LeaseName name, Survey survey) {
        Set<NodeName> staying = new HashSet<>(survey.candidates(name));
        staying.removeAll(survey.draining());
        return staying.isEmpty() ? survey.candidates(name) : staying;
    }

    /** FNV-1a with a final mix, the same on every node and in every release. */
    private static long score(LeaseName name, String node) {
        long hash = 0xcbf29ce484222325L;
        String text = name + "\n" + node;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        }
        hash = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
        hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
        return hash ^ (hash >>> 31);
    }
}
