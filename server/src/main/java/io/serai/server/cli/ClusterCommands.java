package io.serai.server.cli;

import static io.serai.server.client.AdminClient.encode;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The cluster from the command line: its nodes, leases and takeovers, and the way in. */
final class ClusterCommands {
    private ClusterCommands() {}

    @Command(
            name = "nodes",
            description = "Show the nodes of the cluster; remove one; invite a new one.",
            subcommands = {Remove.class, Invite.class, InvitationList.class, Revoke.class})
    static final class Nodes extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/nodes");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table(
                    "NODE",
                    "STATE",
                    "LEASE",
                    "SESSIONS",
                    "EVENTS",
                    "LOAD",
                    "TOOK OVER",
                    "VERSION",
                    "ADDRESS",
                    "SINCE",
                    "LABELS");
            List<String> troubles = new ArrayList<>();
            for (JsonNode row : answer.path("nodes")) {
                boolean live = row.path("live").asBoolean();
                table.row(
                        text(row, "name"),
                        state(row),
                        live ? seconds(row.path("leaseLeftMillis").asLong()) : "-",
                        live ? text(row, "sessions") : "-",
                        live ? text(row, "runningEvents") + "/" + text(row, "capacity") : "-",
                        live && row.hasNonNull("processorLoad")
                                ? Math.round(row.path("processorLoad").asDouble() * 100) + " %"
                                : "-",
                        text(row, "takeovers"),
                        text(row, "version"),
                        text(row, "address"),
                        Sizes.time(text(row, "started")),
                        labels(row));
                if (row.hasNonNull("trouble")) {
                    troubles.add(text(row, "name") + ": " + text(row, "trouble"));
                }
            }
            table.print(out);
            troubles.forEach(trouble -> out.println(Table.printable(trouble)));
            warnOfLengths(answer.path("nodes"), out);
        }

        private static void warnOfLengths(JsonNode nodes, PrintWriter out) {
            Map<Long, List<String>> byLength = new TreeMap<>();
            for (JsonNode row : nodes) {
                if (row.path("live").asBoolean() && row.hasNonNull("leaseMillis")) {
                    byLength.computeIfAbsent(row.path("leaseMillis").asLong(), length -> new ArrayList<>())
                            .add(text(row, "name"));
                }
            }
            if (byLength.size() > 1) {
                List<String> lengths = new ArrayList<>();
                byLength.forEach((length, names) -> lengths.add(seconds(length) + " on " + String.join(", ", names)));
                out.println("node.lease is not the same on all nodes, which it must be: " + String.join("; ", lengths));
            }
        }

        private static String state(JsonNode row) {
            String state = text(row, "state");
            boolean asked = text(row, "wanted").equals("draining") && !state.equals("draining");
            return asked && row.path("live").asBoolean() ? state + " (to be drained)" : state;
        }

        private static String labels(JsonNode row) {
            List<String> labels = new ArrayList<>();
            row.path("labels").forEach(label -> labels.add(label.asText()));
            return String.join(",", labels);
        }

        private static String seconds(long millis) {
            return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
        }
    }

    @Command(name = "remove", description = "Take a node that does not run out of the cluster for good.")
    static final class Remove extends ClientCommand {
        @Parameters(paramLabel = "NODE", description = "The node's name.")
        String name = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.delete("/api/v1/nodes/" + encode(name));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Removed; a server of that name that is started does nothing");
        }
    }

    @Command(name = "invite", description = "Print a one-time token for \"serai join\" on a new server.")
    static final class Invite extends ClientCommand {
        @Option(names = "--valid", paramLabel = "TIME", description = "How long the token is valid; 1h if not given.")
        String valid = "1h";

        @Option(names = "--with-password", description = "Put the database's password into the token as well.")
        boolean withPassword;

        @Override
        JsonNode call(AdminClient client) {
            return client.post("/api/v1/invitations", Map.of("valid", valid, "withPassword", withPassword));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println(text(answer, "token"));
        }
    }

    @Command(name = "invitations", description = "List the invitations.")
    static final class InvitationList extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/invitations");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("ID", "STATE", "CREATED", "BY", "EXPIRES", "USED BY");
            for (JsonNode row : answer.path("invitations")) {
                table.row(
                        text(row, "id"),
                        text(row, "state"),
                        Sizes.time(text(row, "created")),
                        text(row, "createdBy"),
                        Sizes.time(text(row, "expires")),
                        text(row, "usedBy"));
            }
            table.print(out);
        }
    }

    @Command(name = "revoke", description = "Take an invitation back.")
    static final class Revoke extends ClientCommand {
        @Parameters(paramLabel = "ID", description = "The invitation's id.")
        String id = "";

        @Override
        JsonNode call(AdminClient client) {
            return client.delete("/api/v1/invitations/" + encode(id));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Taken back");
        }
    }

    @Command(name = "leases", description = "Show who may do what until when.")
    static final class Leases extends ClientCommand {
        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/leases");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            Table table = new Table("LEASE", "HOLDER", "TOKEN", "UNTIL");
            for (JsonNode row : answer.path("leases")) {
                table.row(text(row, "name"), text(row, "holder"), text(row, "token"), Sizes.time(text(row, "until")));
            }
            table.print(out);
        }
    }

    @Command(name = "takeovers", description = "Show what dead, frozen and stopped nodes left, and who finished it.")
    static final class Takeovers extends ClientCommand {
        @Option(
                names = "--limit",
                paramLabel = "N",
                description = "At most so many, the latest first; 20 if not given.")
        int limit = 20;

        @Override
        JsonNode call(AdminClient client) {
            return client.get("/api/v1/takeovers", AdminClient.query("limit", Integer.toString(limit)));
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            if (answer.path("takeovers").isEmpty()) {
                out.println("No node left anything that another one had to take over");
            }
            for (JsonNode row : answer.path("takeovers")) {
                out.println(Table.printable(text(row, "text")));
            }
        }
    }

    /** A command for one node; without a name for the one that answers. */
    @Command
    abstract static class OfNode extends ClientCommand {
        @Parameters(
                paramLabel = "NODE",
                arity = "0..1",
                description = "The node's name; without it the node that the command talks to.")
        String node = "";

        final JsonNode post(AdminClient client, String act) {
            return client.post(node.isEmpty() ? "/api/v1/" + act : "/api/v1/nodes/" + encode(node) + "/" + act, null);
        }
    }

    @Command(name = "drain", description = "Have a node take no new work; running work finishes.")
    static final class Drain extends OfNode {
        @Override
        JsonNode call(AdminClient client) {
            return post(client, "drain");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Node " + text(answer, "node") + " takes no new work (serai undrain ends this)");
        }
    }

    @Command(name = "undrain", description = "Have a node take new work again.")
    static final class Undrain extends OfNode {
        @Override
        JsonNode call(AdminClient client) {
            return post(client, "undrain");
        }

        @Override
        void show(JsonNode answer, PrintWriter out) {
            out.println("Node " + text(answer, "node") + " takes new work");
        }
    }
}
