package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.delete;
import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.parameter;
import static io.serai.server.admin.ApiOperation.post;

import io.serai.cluster.lease.LeaseView;
import io.serai.cluster.lease.Leases;
import io.serai.cluster.node.NodeState;
import io.serai.cluster.node.Nodes;
import io.serai.cluster.node.Nodes.NodeView;
import io.serai.cluster.node.Takeovers;
import io.serai.cluster.node.Takeovers.TakeoverView;
import io.serai.cluster.node.WantedState;
import io.serai.config.name.NodeName;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The nodes of the cluster over REST; any node answers for all. */
public final class NodesApi {
    private static final Logger LOG = LoggerFactory.getLogger(NodesApi.class);

    private final Nodes nodes;
    private final Takeovers takeovers;
    private final Leases leases;

    public NodesApi(Nodes nodes, Takeovers takeovers, Leases leases) {
        this.nodes = nodes;
        this.takeovers = takeovers;
        this.leases = leases;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get(
                        "/api/v1/nodes",
                        "The nodes of the cluster",
                        request -> Map.of(
                                "nodes",
                                nodes.list().stream().map(NodesApi::row).toList())),
                delete(
                        "/api/v1/nodes/{name}",
                        Role.ADMIN,
                        "Take a node that does not run out of the cluster",
                        request -> {
                            NodeName name = new NodeName(request.pathValue("name"));
                            nodes.remove(name);
                            LOG.info(
                                    "{} took the node {} out of the cluster",
                                    request.caller().name(),
                                    name);
                            return Map.of("removed", name.value());
                        }),
                post(
                        "/api/v1/nodes/{name}/drain",
                        Role.OPERATOR,
                        "Have a node take no new work; running work finishes",
                        request -> want(request, WantedState.DRAINING)),
                post(
                        "/api/v1/nodes/{name}/undrain",
                        Role.OPERATOR,
                        "Have a node take new work again",
                        request -> want(request, WantedState.ACTIVE)),
                get(
                        "/api/v1/leases",
                        "Who may do what until when: the nodes' own leases and the named ones",
                        request -> Map.of("leases", leases())),
                get(
                        "/api/v1/takeovers",
                        "What dead, frozen and stopped nodes left, and who finished it",
                        request -> Map.of(
                                "takeovers",
                                takeovers.latest(request.queryNumber("limit", 50, 1000)).stream()
                                        .map(NodesApi::row)
                                        .toList()),
                        parameter("limit", "At most so many, 50 if not given")));
    }

    private List<Map<String, Object>> leases() {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (NodeView node : nodes.list()) {
            if (node.live()) {
                rows.add(lease("node:" + node.name(), node.name(), node.epoch(), node.epoch(), node.leaseUntil()));
            }
        }
        for (LeaseView lease : leases.list()) {
            if (lease.live()) {
                rows.add(lease(
                        lease.name().toString(), lease.holder(), lease.holderEpoch(), lease.token(), lease.until()));
            }
        }
        return rows;
    }

    private static Map<String, Object> lease(String name, NodeName holder, long epoch, long token, Instant until) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("name", name);
        row.put("holder", holder);
        row.put("epoch", epoch);
        row.put("token", token);
        row.put("until", until);
        return row;
    }

    private Map<String, Object> want(ApiRequest request, WantedState state) {
        NodeName name = new NodeName(request.pathValue("name"));
        nodes.want(name, state, request.caller().name());
        return Map.of("node", name.value(), "draining", state == WantedState.DRAINING);
    }

    /** How the nodes stand together, for the status of any of them. */
    public static Map<String, Object> summary(List<NodeView> all) {
        List<NodeView> members =
                all.stream().filter(node -> node.state() != NodeState.REMOVED).toList();
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("nodes", members.size());
        summary.put("live", members.stream().filter(NodeView::live).count());
        summary.put(
                "notLive",
                members.stream()
                        .filter(node -> !node.live())
                        .map(node -> node.name().value())
                        .toList());
        summary.put(
                "draining",
                members.stream()
                        .filter(node -> node.state() == NodeState.DRAINING)
                        .map(node -> node.name().value())
                        .toList());
        summary.put(
                "versions",
                members.stream()
                        .filter(NodeView::live)
                        .map(NodeView::version)
                        .distinct()
                        .sorted()
                        .toList());
        return summary;
    }

    private static Map<String, Object> row(NodeView node) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("name", node.name());
        row.put("state", state(node));
        row.put("live", node.live());
        row.put("version", node.version());
        row.put("address", node.address());
        row.put("bootId", node.bootId().toString());
        row.put("epoch", node.epoch());
        row.put("started", node.startedAt());
        row.put("lastSign", node.renewedAt().orElse(null));
        row.put("leaseLeftMillis", node.live() ? node.leaseLeft().toMillis() : 0);
        row.put("leaseMillis", node.lease().map(Duration::toMillis).orElse(null));
        row.put("renewals", node.renewals());
        row.put("capacity", node.capacity().orElse(null));
        row.put("labels", node.labels());
        node.load().ifPresent(load -> {
            row.put("sessions", load.sessions());
            row.put("runningEvents", load.runningEvents());
            row.put("processorLoad", load.processorLoad() < 0 ? null : load.processorLoad());
            row.put("heapUsed", load.heapUsed());
            row.put("trouble", load.trouble().orElse(null));
        });
        row.put("claims", node.claims());
        row.put("takeovers", node.takeovers());
        row.put("wanted", node.wanted().state().name().toLowerCase(Locale.ROOT));
        row.put("wantedBy", node.wanted().by().orElse(null));
        row.put("wantedAt", node.wanted().at().orElse(null));
        return row;
    }

    /** The row's state is what the node said last; a lease that has ended says more. */
    private static String state(NodeView node) {
        boolean silent = !node.live() && (node.state() == NodeState.ACTIVE || node.state() == NodeState.DRAINING);
        return silent ? "silent" : node.state().name().toLowerCase(Locale.ROOT);
    }

    private static Map<String, Object> row(TakeoverView takeover) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", takeover.id());
        row.put("node", takeover.node());
        row.put("epoch", takeover.epoch());
        row.put("cause", takeover.cause());
        row.put("lastSign", takeover.lastSign().orElse(null));
        row.put("takenBy", takeover.takenBy());
        row.put("taken", takeover.taken());
        row.put("finished", takeover.finished().orElse(null));
        row.put("counts", takeover.counts());
        row.put("workEnded", takeover.workEnded().orElse(null));
        row.put("endedBy", takeover.endedBy());
        row.put("text", takeover.text());
        return row;
    }
}
