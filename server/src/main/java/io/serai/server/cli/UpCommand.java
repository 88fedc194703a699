package io.serai.server.cli;

import io.serai.config.settings.NodeSettings;
import io.serai.config.settings.SettingsLoader;
import io.serai.server.log.LogSetup;
import io.serai.server.node.SeraiNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "up", description = "Run a server until it is told to stop (SIGTERM or Ctrl-C), which drains it.")
final class UpCommand implements Callable<Integer> {
    /** Variables of the launcher and of the client commands, which are no settings. */
    static final Set<String> OTHER_VARIABLES = Set.of(
            "SERAI_HOME", "SERAI_HEAP", "SERAI_DIRECT_MEMORY", "SERAI_JAVA_OPTIONS", "SERAI_SERVER", "SERAI_TOKEN");

    @Mixin
    HomeOption home = new HomeOption();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The settings file; without it serai.yaml in the home, if there is one.")
    @Nullable
    Path config;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "A setting; goes before file and environment.")
    List<String> overrides = List.of();

    @Override
    public Integer call() throws InterruptedException {
        NodeSettings settings = settings(home.resolve(), Optional.ofNullable(config), overrides);
        LogSetup.apply(
                settings.log().format(),
                settings.log().level().name(),
                settings.node().name().value());
        SeraiNode node = SeraiNode.start(
                settings,
                overlay -> settings(home.resolve(), Optional.ofNullable(config), overrides, overlay),
                Version.text());
        return node.awaitStop() ? 0 : 1;
    }

    static NodeSettings settings(Path home, Optional<Path> config, List<String> overrides) {
        return settings(home, config, overrides, List.of());
    }

    private static NodeSettings settings(
            Path home, Optional<Path> config, List<String> overrides, List<String> overlay) {
        Path usual = home.resolve("serai.yaml");
        Optional<Path> file = config.isPresent() || !Files.exists(usual) ? config : Optional.of(usual);
        return new SettingsLoader(System.getenv(), OTHER_VARIABLES).load(file, overrides, home, overlay);
    }
}
