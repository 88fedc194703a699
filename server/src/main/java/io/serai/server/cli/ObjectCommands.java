package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.ObjectKind;
import io.serai.server.client.AdminClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Configuration objects from the command line: what is there, and taking it away. */
final class ObjectCommands {
    private ObjectCommands() {}

    /** The words for kinds of objects. */
    static final class Kinds implements Iterable<String> {
        static final String TEXT = "One of ${COMPLETION-CANDIDATES}.";

        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(ObjectKind.values())
                    .map(kind -> kind.word().toLowerCase(Locale.ROOT))
                    .iterator();
        }
    }

    @Command(name = "get", description = "List configuration objects, or show one as YAML.")
    static final class Get extends ClientCommand {
        @Parameters(
                index = "0",
                arity = "0..1",
                paramLabel = "KIND",
                completionCandidates = Kinds.class,
                description = Kinds.TEXT)
        @Nullable
        String kind;

        @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "The object's name.")
        @Nullable
        String name;

        @Override
        JsonNode call(AdminClient client) {
            if (kind != null && name != null) {
                return client.get("/api/v1/objects/" + encode(kind) + "/" + encode(name));
            }
            return client.get("/api/v1/objects", AdminClient.query("kind", kind));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            if (answer.has("yaml")) {
                out.print(answer.get("yaml").asText());
                return;
            }
            Table table = new Table("KIND", "NAME", "VERSION", "CHANGED", "BY");
            for (JsonNode row : answer.path("objects")) {
                table.row(
                        text(row, "kind"),
                        text(row, "name"),
                        text(row, "version"),
                        Sizes.time(text(row, "changedAt")),
                        text(row, "changedBy"));
            }
            table.print(out);
        }
    }

    @Command(
            name = "export",
            description = "Write all configuration objects as files that \"serai apply\" takes; secrets are left out.")
    static final class Export extends ClientCommand {
        @Option(
                names = {"-d", "--directory"},
                paramLabel = "DIR",
                description = "Write the files here; without it everything goes to the screen.")
        @Nullable
        Path directory;

        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/export");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            List<String> written = new ArrayList<>();
            for (JsonNode file : answer.path("files")) {
                String name = file.path("name").asText();
                String content = file.path("text").asText();
                if (directory == null) {
                    out.println("# " + name);
                    out.println(content);
                } else {
                    write(directory, name, content);
                    written.add(name);
                }
            }
            if (directory != null) {
                out.println("Wrote " + written.size() + " files to " + directory);
            }
        }

        private static void write(Path directory, String name, String content) {
            try {
                Path file = directory.resolve(name).normalize();
                if (!file.startsWith(directory.normalize())) {
                    throw new SeraiException(ErrorCode.NAME_INVALID, "The server sent a file name outside the folder");
                }
                Files.createDirectories(file.getParent());
                Files.writeString(file, content);
            } catch (IOException e) {
                throw new SeraiException(ErrorCode.NO_SPACE, name + " cannot be written: " + e, e);
            }
        }
    }

    @Command(name = "delete", description = "Delete a configuration object; refused while another one uses it.")
    static final class Delete extends ClientCommand {
        @Parameters(index = "0", paramLabel = "KIND", completionCandidates = Kinds.class, description = Kinds.TEXT)
        String kind = "";

        @Parameters(index = "1..*", arity = "1..*", paramLabel = "NAME", description = "The objects' names.")
        List<String> names = List.of();

        @Override
        JsonNode call(AdminClient client) {
            return client.post(
                    "/api/v1/delete",
                    Map.of(
                            "objects",
                            names.stream()
                                    .map(name -> Map.of("kind", kind, "name", name))
                                    .toList()));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            ApplyCommands.printChanges(answer, out);
        }
    }

    @Command(name = "history", description = "Show every version of a configuration object.")
    static final class History extends ClientCommand {
        @Parameters(index = "0", paramLabel = "KIND", completionCandidates = Kinds.class, description = Kinds.TEXT)
        String kind = "";

        @Parameters(index = "1", paramLabel = "NAME", description = "The object's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/objects/" + encode(kind) + "/" + encode(name) + "/history");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            printVersions(answer, out);
        }
    }

    static void printVersions(JsonNode answer, PrintWriter out) {
        Table table = new Table("VERSION", "CHANGE", "AT", "BY");
        for (JsonNode row : answer.path("versions")) {
            table.row(
                    ClientCommand.text(row, "version"),
                    ClientCommand.text(row, "change"),
                    Sizes.time(ClientCommand.text(row, "changedAt")),
                    ClientCommand.text(row, "changedBy"));
        }
        table.print(out);
    }

    @Command(name = "rollback", description = "Put an older version of a configuration object in force again.")
    static final class Rollback extends ClientCommand {
        @Parameters(index = "0", paramLabel = "KIND", completionCandidates = Kinds.class, description = Kinds.TEXT)
        String kind = "";

        @Parameters(index = "1", paramLabel = "NAME", description = "The object's name.")
        String name = "";

        @Parameters(index = "2", paramLabel = "VERSION", description = "A version from \"serai history\".")
        long version;

        @Override
        JsonNode call(AdminClient client) {
            return client.post(
                    "/api/v1/objects/" + encode(kind) + "/" + encode(name) + "/rollback", Map.of("version", version));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            ApplyCommands.printChanges(answer, out);
        }
    }
}
