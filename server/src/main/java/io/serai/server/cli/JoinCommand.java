package io.serai.server.cli;

import io.serai.cluster.join.JoinToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.settings.NodeSettings;
import io.serai.server.node.Joining;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes this server's home a node of a cluster: its settings, if there are none yet, and the cluster's keys. */
@Command(
        name = "join",
        description = "Make this server a node of a cluster, by the token that \"serai nodes invite\" printed there.")
final class JoinCommand implements Callable<Integer> {
    @Mixin
    HomeOption home = new HomeOption();

    @Parameters(paramLabel = "TOKEN", description = "The token; - to read it from standard input.")
    String token = "";

    @Option(names = "--name", paramLabel = "NAME", description = "The node's name; the host's name if not given.")
    @Nullable
    String name;

    @Option(
            names = "--storage-root",
            paramLabel = "DIR",
            description = "The cluster's shared folder here; where the inviting node has it if not given.")
    @Nullable
    Path storageRoot;

    @Option(
            names = "--database-password",
            paramLabel = "SOURCE",
            description = "env:NAME or file:PATH, if the token does not hold the database's password.")
    @Nullable
    String databasePassword;

    @Spec
    @Nullable
    CommandSpec spec;

    /** What goes again when the join fails. */
    private final List<Path> written = new ArrayList<>();

    @Override
    public Integer call() {
        JoinToken invitation = JoinToken.parse(token.equals("-") ? standardInput() : token);
        Path folder = home.resolve();
        Path settingsFile = folder.resolve("serai.yaml");
        boolean made = !Files.exists(settingsFile);
        boolean hadKeys = Files.exists(clusterKeys(folder));
        try {
            if (made) {
                writeSettings(folder, settingsFile, invitation);
            } else {
                refuseSettings(settingsFile);
            }
            NodeSettings settings = UpCommand.settings(folder, Optional.empty(), List.of());
            boolean letIn = Joining.join(settings, invitation);
            if (!letIn && !made) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "this home has keys already, those of this cluster (" + clusterKeys(folder) + "), and the node "
                                + settings.node().name()
                                + " was not removed: it needs no invitation, start it with \"serai up\"");
            }
            say(String.format(
                    letIn
                            ? "Node %s has the keys of the cluster %s; its settings are in %s. Start it with:"
                                    + " serai up --home %s"
                            : "Node %s had the keys of the cluster %s already and needed no invitation: the token was"
                                    + " not used. The home had no settings; they are in %s now. Start it with: serai up"
                                    + " --home %s",
                    settings.node().name(),
                    invitation.cluster(),
                    settingsFile,
                    folder));
            return 0;
        } catch (RuntimeException e) {
            takeBack(folder, written);
            boolean refused = e instanceof SeraiException known && known.code() == ErrorCode.INVALID;
            if (!hadKeys && !refused) {
                // They are written before the database says that the token is used up; who is refused wrote none.
                takeBack(folder, List.of(clusterKeys(folder)));
            }
            throw explained(
                    e,
                    made
                            && databasePassword == null
                            && invitation.databasePassword().isEmpty());
        }
    }

    /** An existing file is the operator's; what is given here would be lost. */
    private void refuseSettings(Path settingsFile) {
        refuse("--name", "node.name", name, settingsFile);
        refuse("--storage-root", "storage.root", storageRoot, settingsFile);
        refuse("--database-password", "database.password", databasePassword, settingsFile);
    }

    private static void refuse(String option, String setting, @Nullable Object given, Path settingsFile) {
        if (given != null) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    option + " is for a home without settings, but " + settingsFile + " is there: set " + setting
                            + " in it and leave " + option + " out; the token was not used");
        }
    }

    private static RuntimeException explained(RuntimeException reason, boolean withoutPassword) {
        return withoutPassword && reason instanceof SeraiException known && known.code() == ErrorCode.DATABASE_DOWN
                ? new SeraiException(
                        known.code(),
                        known.text() + "\nNeither the token nor --database-password gave the database's password; give"
                                + " --database-password file:PATH or env:NAME",
                        known)
                : reason;
    }

    private void say(String text) {
        CommandSpec own = spec;
        if (own != null) {
            own.commandLine().getOut().println(text);
            own.commandLine().getOut().flush();
        }
    }

    private void writeSettings(Path folder, Path file, JoinToken invitation) {
        StringBuilder text = new StringBuilder("# Made by \"serai join\"\n");
        if (name != null) {
            text.append("node.name: ").append(quoted(name)).append('\n');
        }
        Path root = storageRoot;
        String shared = root == null
                ? invitation.storageRoot()
                : root.toAbsolutePath().normalize().toString();
        text.append("storage.root: ").append(quoted(shared)).append('\n');
        text.append("database.url: ").append(quoted(invitation.databaseUrl())).append('\n');
        text.append("database.user: ").append(quoted(invitation.databaseUser())).append('\n');
        passwordSource(folder, invitation)
                .ifPresent(source -> text.append("database.password: ")
                        .append(quoted(source))
                        .append('\n'));
        write(file, text.toString(), "rw-r-----");
    }

    private Optional<String> passwordSource(Path folder, JoinToken invitation) {
        String given = databasePassword;
        if (given != null) {
            if (!given.startsWith("env:") && !given.startsWith("file:")) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "--database-password takes env:NAME or file:PATH, for what is typed here is seen by others");
            }
            return Optional.of(given);
        }
        return invitation.databasePassword().map(password -> {
            Path file = passwordFile(folder);
            // A join that was killed may have left it; another one is the operator's.
            if (!Files.exists(file)) {
                write(file, password.reveal(), "rw-------");
            } else if (!holds(file, password.reveal())) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        file + " is there already: to use it give --database-password file:keys/database-password, to"
                                + " use the token's password move the file away; the token was not used");
            }
            return "file:keys/database-password";
        });
    }

    private static boolean holds(Path file, String text) {
        try {
            return Files.readString(file).strip().equals(text);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, file + " cannot be read: " + e, e);
        }
    }

    private static Path passwordFile(Path folder) {
        return folder.resolve("keys").resolve("database-password");
    }

    private static Path clusterKeys(Path folder) {
        return folder.resolve("keys").resolve("secrets.json");
    }

    private static void takeBack(Path folder, List<Path> files) {
        try {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.STORAGE_DOWN, "What a failed join left in " + folder + " cannot be removed: " + e, e);
        }
    }

    /** Whole or not at all. */
    private void write(Path file, String text, String mode) {
        try {
            Path folder = file.toAbsolutePath().resolveSibling("");
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(
                        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            Path draft = file.resolveSibling(file.getFileName() + ".new");
            Files.deleteIfExists(draft);
            Files.createFile(draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode)));
            Files.writeString(draft, text, StandardOpenOption.WRITE);
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            written.add(file);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, file + " cannot be written: " + e, e);
        }
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private static String standardInput() {
        try {
            return new String(System.in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "standard input cannot be read: " + e, e);
        }
    }
}
