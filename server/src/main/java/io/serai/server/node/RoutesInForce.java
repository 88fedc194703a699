package io.serai.server.node;

import io.serai.cluster.object.ChangeParty;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.name.RouteId;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Route;
import io.serai.route.deploy.RouteDeployer;
import io.serai.route.deploy.RouteProblem;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What this node says of a change that must be in force on every node: whether its routes can run here, and do. */
record RoutesInForce(RouteDeployer deployer) implements ChangeParty {
    @Override
    public List<String> objections(List<ConfigObject> puts, List<Key> deletes) {
        List<Route> routes = puts.stream()
                .filter(Route.class::isInstance)
                .map(Route.class::cast)
                .toList();
        return deployer.prepare(routes).stream().map(RouteProblem::toString).toList();
    }

    @Override
    public List<String> enforce(List<Key> changed) {
        Set<RouteId> routes = changed.stream()
                .filter(key -> key.kind() == ObjectKind.ROUTE)
                .map(key -> new RouteId(key.name()))
                .collect(Collectors.toSet());
        var unused = deployer.refresh();
        return deployer.problems(routes).stream().map(RouteProblem::toString).toList();
    }
}
