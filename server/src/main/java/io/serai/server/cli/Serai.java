package io.serai.server.cli;

import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The entry point of everything: {@code serai COMMAND}. */
@Command(
        name = "serai",
        description = "Managed file transfer on Apache Camel.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            UpCommand.class,
            DemoCommand.class,
            BenchCommand.class,
            DevCommand.class,
            ApplyCommands.Apply.class,
            ApplyCommands.Diff.class,
            ObjectCommands.Get.class,
            ObjectCommands.Export.class,
            ObjectCommands.Delete.class,
            ObjectCommands.History.class,
            ObjectCommands.Rollback.class,
            RouteCommands.Routes.class,
            IdentityCommands.Identity.class,
            LibraryCommands.Libraries.class,
            SiteCommands.Site.class,
            TokenCommands.Token.class,
            TokenCommands.Secrets.class,
            TransferCommands.Transfers.class,
            TransferCommands.Transfer.class,
            EventCommands.Events.class,
            EventCommands.Event.class,
            ScheduleCommands.Schedules.class,
            ScheduleCommands.Schedule.class,
            NodeCommands.Status.class,
            NodeCommands.Sessions.class,
            NodeCommands.Session.class,
            BanCommands.Bans.class,
            PlacementCommands.Placement.class,
            ClusterCommands.Drain.class,
            ClusterCommands.Undrain.class,
            ClusterCommands.Nodes.class,
            ClusterCommands.Leases.class,
            ClusterCommands.Takeovers.class,
            EdgeCommands.Edges.class,
            EdgeCommands.Edge.class,
            JoinCommand.class,
        })
public final class Serai {
    private Serai() {}

    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    /** Runs one command; 0 when it did its job, 1 when it was refused or failed, 2 when its words were wrong. */
    static int run(String... arguments) {
        return commandLine().execute(arguments);
    }

    private static void helpEverywhere(CommandLine line) {
        for (CommandLine command : line.getSubcommands().values()) {
            command.getCommandSpec()
                    .addOption(CommandLine.Model.OptionSpec.builder("-h", "--help")
                            .usageHelp(true)
                            .arity("0")
                            .type(boolean.class)
                            .description("Show this help and exit.")
                            .build());
            helpEverywhere(command);
        }
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Serai());
        helpEverywhere(line);
        line.setExecutionExceptionHandler((exception, command, parsed) -> {
            if (exception instanceof SeraiException known && known.kind() != ErrorKind.DEFECT) {
                command.getErr().println("serai: " + known.text());
            } else {
                command.getErr().println("serai: this is a defect of Serai; please report it");
                exception.printStackTrace(command.getErr());
            }
            return 1;
        });
        return line;
    }
}
