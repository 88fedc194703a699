package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.post;

import io.serai.config.document.DocumentFile;
import io.serai.route.deploy.RouteChecker;
import io.serai.route.deploy.RouteDeployer;
import io.serai.route.deploy.RouteProblem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Routes over REST; they are brought in force as configuration objects. */
public final class RoutesApi {
    private final RouteDeployer deployer;
    private final RouteChecker checker;

    public RoutesApi(RouteDeployer deployer, RouteChecker checker) {
        this.deployer = deployer;
        this.checker = checker;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get("/api/v1/routes", "The routes that run here, and what keeps others from running", this::list),
                // The check runs the configure method of a Java route: only who may apply routes may have them checked.
                post("/api/v1/routes/check", Role.ADMIN, "Check route files without changing anything", this::check)
                        .taking("documents: [{name, text}]"));
    }

    private Object list(ApiRequest request) {
        return Map.of(
                "routes",
                deployer.deployed().stream()
                        .map(route -> Map.of("id", route.id(), "dsl", route.dsl()))
                        .toList(),
                "problems",
                deployer.problems());
    }

    private Object check(ApiRequest request) {
        List<RouteProblem> problems = new ArrayList<>();
        for (DocumentFile document : ObjectsApi.documents(request.requireBody())) {
            problems.addAll(checker.check(document.name(), document.text()));
        }
        return Map.of("problems", problems);
    }
}
