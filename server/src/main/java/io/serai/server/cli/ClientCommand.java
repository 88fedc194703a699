package io.serai.server.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the commands that call a server have in common: where it is, and how the answer is shown. */
@Command
abstract class ClientCommand implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Mixin
    HomeOption home = new HomeOption();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            description = "table (the default) or json.")
    Output output = Output.table;

    @Spec
    @org.jspecify.annotations.Nullable
    CommandSpec spec;

    /** How an answer is shown; the words that a person types. */
    @SuppressWarnings("checkstyle:ConstantName") // typed as they stand on the command line
    enum Output {
        table,
        json
    }

    /** Calls the server. */
    abstract JsonNode call(AdminClient client);

    /** Shows the answer for a person. */
    abstract void show(JsonNode answer, PrintWriter out);

    @Override
    public final Integer call() {
        JsonNode answer = call(client());
        if (output == Output.json) {
            out().println(pretty(answer));
        } else {
            show(answer, out());
        }
        out().flush();
        return exitCode(answer);
    }

    /** 0 unless the answer means otherwise. */
    int exitCode(JsonNode answer) {
        return 0;
    }

    final AdminClient client() {
        return AdminClient.of(home.resolve(), System.getenv());
    }

    final PrintWriter out() {
        CommandSpec own = spec;
        if (own == null) {
            throw new IllegalStateException("the command was not made by picocli");
        }
        return own.commandLine().getOut();
    }

    static String pretty(JsonNode answer) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(answer);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A field for a table's cell; "-" when it is absent. */
    static String text(JsonNode row, String field) {
        JsonNode value = row.path(field);
        return value.isMissingNode() || value.isNull() ? "-" : value.asText();
    }
}
