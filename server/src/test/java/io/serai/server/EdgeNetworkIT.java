package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Everything that partners do directly passes through edges, and the rule "servers dial edges" is proved by packets. */
@Tag("paired")
class EdgeNetworkIT {
    private static final Duration LIMIT = Duration.ofMinutes(8);

    @Test
    void partnersWorkThroughEdgesThatReachNothingInside() {
        List<String> command = new ArrayList<>(ownNetwork());
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-Dserai.keep=" + Boolean.getBoolean("serai.keep"),
                "-cp",
                System.getProperty("java.class.path"),
                EdgeNetworkIT.class.getName()));
        Tool.Result result = Tool.start(command.toArray(String[]::new)).await(LIMIT);
        System.out.println(result.output());
        assertThat(result.status()).as(result.output()).isZero();
    }

    /** What makes a command run as the owner of a new network, with the rights to make others. */
    private static List<String> ownNetwork() {
        List<String> asRoot = List.of("unshare", "--net");
        if (System.getProperty("user.name").equals("root") && canRun(asRoot)) {
            return asRoot;
        }
        // It keeps its user id, since PostgreSQL does not run as root.
        List<String> asUser = List.of("unshare", "--user", "--map-current-user", "--keep-caps", "--net");
        assertThat(canRun(asUser))
                .as(
                        "This machine lets nobody make network namespaces, without which it is not known who connects to whom;"
                                + " as root: sysctl user.max_user_namespaces=10000 (and kernel.unprivileged_userns_clone=1 where"
                                + " there is such a setting), or run the tests as root outside of a container")
                .isTrue();
        return asUser;
    }

    private static boolean canRun(List<String> launcher) {
        List<String> command = new ArrayList<>(launcher);
        command.addAll(List.of("unshare", "--net", "true"));
        return Tool.run(command.toArray(String[]::new)).ok();
    }

    /** The inner run. */
    public static void main(String[] arguments) {
        LauncherDiscoveryRequest tests = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(ClientsThroughEdges.class))
                .build();
        SummaryGeneratingListener summary = new SummaryGeneratingListener();
        LauncherFactory.create().execute(tests, summary);
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        summary.getSummary().printTo(out);
        summary.getSummary().printFailuresTo(out, 12);
        boolean passed = summary.getSummary().getTotalFailureCount() == 0
                && summary.getSummary().getTestsSucceededCount() >= 11;
        System.exit(passed ? 0 : 1);
    }
}
