package io.serai.server.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The home folder of a server: its keys, its embedded database, its run files and, unless set otherwise, its storage. */
final class HomeOption {
    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "The server's home; SERAI_HOME, else /var/lib/serai for root and ~/.serai for others.")
    @Nullable
    Path home;

    Path resolve() {
        Path chosen = home;
        if (chosen != null) {
            return chosen.toAbsolutePath().normalize();
        }
        return Optional.ofNullable(System.getenv("SERAI_HOME"))
                .filter(text -> !text.isBlank())
                .map(Path::of)
                .orElseGet(HomeOption::platformDefault)
                .toAbsolutePath()
                .normalize();
    }

    private static Path platformDefault() {
        return System.getProperty("user.name").equals("root")
                ? Path.of("/var/lib/serai")
                : Path.of(System.getProperty("user.home"), ".serai");
    }
}
