package io.serai.route.deploy;

import io.serai.config.object.Route;
import io.serai.route.arrival.ArrivalSubscription;
import java.util.List;
import java.util.Optional;

/**
 * What a check found out about a route.
 *
 * @param problems empty for a route that can be deployed
 * @param subscription what it waits for, when it begins with {@code arrival:}
 */
public record CheckedRoute(
        Route route,
        List<RouteProblem> problems,
        RouteReferences references,
        Optional<ArrivalSubscription> subscription) {
    public CheckedRoute {
        problems = List.copyOf(problems);
    }

    /** The same route with one more problem, which only starting it brought to light. */
    CheckedRoute withProblem(RouteProblem problem) {
        return new CheckedRoute(route, List.of(problem), references, subscription);
    }
}
