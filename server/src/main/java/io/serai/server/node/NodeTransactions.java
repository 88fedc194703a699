package io.serai.server.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.DeadBoot;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.TakeoverStep;
import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.transaction.InDoubtRecovery;
import io.serai.cluster.transaction.Participant;
import io.serai.cluster.transaction.PreparedInDatabase;
import io.serai.cluster.transaction.Transactions;
import io.serai.config.name.NodeName;
import io.serai.route.resource.RouteResources;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The transactions of this node's routes, the resources that take part, and the finishing of what was left prepared.
 *
 * @param own the shared database, which is watched beside the resources
 */
record NodeTransactions(
        Transactions transactions, RouteResources resources, Participant own, InDoubtRecovery recovery) {
    private static final Duration INTERVAL = Duration.ofSeconds(30);

    /** Who this node is in its transactions. */
    record Self(NodeName name, UUID boot, Fence fence) {}

    static NodeTransactions open(Database database, Self self, StopList stops) {
        Transactions transactions = new Transactions(database, self.fence(), self.name(), self.boot());
        stops.add("transactions", transactions::close);
        RouteResources resources = new RouteResources(transactions, self.name().value());
        stops.add("resources of routes", () -> close(resources));
        PreparedInDatabase own = new PreparedInDatabase(database.settings());
        InDoubtRecovery recovery =
                new InDoubtRecovery(transactions, () -> participants(resources, own), INTERVAL, InstantSource.system());
        stops.add("recovery of transactions", recovery::close);
        return new NodeTransactions(transactions, resources, own, recovery);
    }

    private static List<Participant> participants(RouteResources resources, Participant own) {
        List<Participant> all = new ArrayList<>(resources.participants());
        all.add(own);
        return all;
    }

    private static void close(RouteResources resources) {
        try {
            resources.close();
        } catch (Exception e) {
            throw new IllegalStateException("the resources of routes did not close", e);
        }
    }

    /** Opens what is declared and begins to finish what was left. */
    void start(ObjectStore objects) {
        resources.follow(objects);
        recovery.start();
    }

    /**
     * UP, or what has been prepared for too long and which resources cannot be asked or used at all. It is served
     * without a token, so it names resources and gives no addresses: the log does.
     */
    String standing() {
        InDoubtRecovery.Report report = recovery.report();
        List<String> troubles = new ArrayList<>();
        if (!report.overdue().isEmpty()) {
            troubles.add("prepared for more than " + InDoubtRecovery.OVERDUE.toMinutes() + " min: "
                    + String.join(", ", report.overdue()));
        }
        List<String> unreachable = names(report.unreachable());
        if (!unreachable.isEmpty()) {
            troubles.add("not reachable: " + String.join(", ", unreachable));
        }
        List<String> unusable = resources.unusable();
        if (!unusable.isEmpty()) {
            troubles.add("not usable: " + String.join(", ", unusable) + " (the log says why)");
        }
        return troubles.isEmpty() ? "UP" : "WARNING: " + String.join("; ", troubles);
    }

    /** Who was given up since the round that reported it is left out. */
    private List<String> names(List<String> identities) {
        return participants(resources, own).stream()
                .filter(participant -> identities.contains(participant.identity()))
                .map(Participant::name)
                .distinct()
                .toList();
    }

    /** A part of doing a dead node's work, which waits no longer than this for resources. */
    TakeoverStep takeover(Duration limit) {
        return new TakeoverStep() {
            @Override
            public String subject() {
                return "transactions";
            }

            @Override
            public int takeOver(DeadBoot dead) {
                return recovery.recover(dead, limit);
            }
        };
    }
}
