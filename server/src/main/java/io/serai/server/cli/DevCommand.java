package io.serai.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.config.document.DocumentFile;
import io.serai.config.error.SeraiException;
import io.serai.server.client.AdminClient;
import io.serai.server.client.ServerProcess;
import io.serai.server.node.NodeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "dev",
        description = {
            "Run a throw-away server with the objects and routes of a folder, and apply them again when a file is saved.",
            "Everything is gone when it ends (Ctrl-C)."
        })
final class DevCommand implements Callable<Integer> {
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final long LOOK_MILLIS = 300;
    private static final List<String> JAVA = List.of("-Xmx384m", "-XX:MaxDirectMemorySize=192m");

    @Parameters(paramLabel = "DIR", description = "Accounts, sites, schedules and routes, as for apply.")
    @Nullable
    Path folder;

    @Spec
    @Nullable
    CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = spec == null
                ? new PrintWriter(System.out, true)
                : spec.commandLine().getOut();
        String source = String.valueOf(folder);
        // Read first: a wrong folder is said at once and not after a server's start.
        List<DocumentFile> documents = SourceFiles.read(List.of(source));
        Path home = Files.createTempDirectory("serai-dev-");
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Interruption interruption = new Interruption();
                ThrowAway left = new ThrowAway(home);
                ServerProcess server = ServerProcess.start(home.resolve("home"), JAVA, ServerProcess.LOOPBACK)) {
            NodeFile node = server.awaitUp(START_LIMIT);
            AdminClient admin = AdminClient.of(server.home(), Map.of());
            introduce(node, server.home(), out);
            apply(admin, documents, out);
            while (!interruption.await(LOOK_MILLIS)) {
                documents = applyChanges(admin, source, documents, out);
            }
        }
        return 0;
    }

    /** The documents as they stand now; what cannot be read at this moment is looked at again. */
    private static List<DocumentFile> applyChanges(
            AdminClient admin, String source, List<DocumentFile> known, PrintWriter out) {
        try {
            List<DocumentFile> now = SourceFiles.read(List.of(source));
            if (!now.equals(known)) {
                apply(admin, now, out);
            }
            return now;
        } catch (SeraiException e) {
            out.println(e.text());
            out.flush();
            return List.of();
        }
    }

    private static void apply(AdminClient admin, List<DocumentFile> documents, PrintWriter out) {
        try {
            JsonNode answer = ApplyCommands.send(admin, documents, false);
            ApplyCommands.printChanges(answer, out);
        } catch (SeraiException e) {
            out.println(e.text());
        }
        out.flush();
    }

    private static void introduce(NodeFile node, Path home, PrintWriter out) {
        for (NodeFile.Listener listener : node.listeners()) {
            out.printf("%-14s %s:%d%n", listener.name(), listener.address(), listener.port());
        }
        out.println("Files are applied when they are saved; other commands reach this server with --home " + home);
        out.flush();
    }
}
