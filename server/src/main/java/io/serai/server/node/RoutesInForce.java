package io.serai.server.node;

import io.serai.cluster.object.ChangeParty;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.name.RouteId;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.Library;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Route;
import io.serai.route.deploy.RouteDeployer;
import io.serai.route.deploy.RouteProblem;
import io.serai.route.library.Libraries;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What this node says of a change that must be in force on every node: whether its routes and libraries can be here. */
record RoutesInForce(RouteDeployer deployer, Libraries libraries) implements ChangeParty {
    @Override
    public List<String> objections(List<ConfigObject> puts, List<Key> deletes) {
        List<String> objections = new ArrayList<>();
        List<Route> routes = new ArrayList<>();
        for (ConfigObject put : puts) {
            if (put instanceof Route route) {
                routes.add(route);
            } else if (put instanceof Library library) {
                objections.addAll(libraries.objections(library));
            }
        }
        for (Key gone : deletes) {
            if (gone.kind() == ObjectKind.LIBRARY) {
                List<String> users = libraries.users(gone.name(), deployer.deployed());
                if (!users.isEmpty()) {
                    objections.add("the library " + gone.name() + " is used by the routes " + users);
                }
            }
        }
        deployer.prepare(routes).stream().map(RouteProblem::toString).forEach(objections::add);
        return objections;
    }

    /** Routes that were broken before are no reason to object: the change may be what mends them. */
    @Override
    public List<String> enforce(List<Key> changed) {
        var unused = deployer.refresh();
        Set<String> changedLibraries = names(changed, ObjectKind.LIBRARY);
        Set<RouteId> routes =
                names(changed, ObjectKind.ROUTE).stream().map(RouteId::new).collect(Collectors.toSet());
        List<String> problems = new ArrayList<>(libraries.problems(changedLibraries));
        deployer.problems(routes, libraries.lastChanged(changedLibraries)).stream()
                .map(RouteProblem::toString)
                .forEach(problems::add);
        return problems;
    }

    @Override
    public void follow() {
        deployer.catchUp();
    }

    private static Set<String> names(List<Key> keys, ObjectKind kind) {
        return keys.stream().filter(key -> key.kind() == kind).map(Key::name).collect(Collectors.toSet());
    }
}
