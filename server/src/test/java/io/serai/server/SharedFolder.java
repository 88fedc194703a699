package io.serai.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The file system that the servers of a cluster share: one folder, which each server sees by a mount of its own in a
 * mount namespace of its own. Taken away, it leaves an empty folder of the local disk in its place for that server
 * alone, as a share does that is not mounted; files that the server has open stay open. A share that hangs is not shown
 * by this.
 */
final class SharedFolder {
    private static final boolean ROOT = System.getProperty("user.name").equals("root");

    private final Path folder;

    SharedFolder(Path folder) {
        try {
            this.folder = Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path folder() {
        return folder;
    }

    /** What starts a program that sees the shared folder at a place, and becomes that program. */
    List<String> launcher(Path place) {
        try {
            Files.createDirectories(place);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String mount = "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\"";
        List<String> command = ROOT ? List.of("unshare", "-m") : List.of("unshare", "-Urm");
        return java.util.stream.Stream.concat(
                        command.stream(),
                        List.of(
                                "--propagation",
                                "private",
                                "sh",
                                "-c",
                                mount,
                                "sh",
                                folder.toString(),
                                place.toString())
                                .stream())
                .toList();
    }

    /** Takes the folder away from the process that was started with a launcher. */
    void takeFrom(Process process, Path place) {
        inNamespace(process, "umount", "-l", place.toString());
    }

    void giveBack(Process process, Path place) {
        inNamespace(process, "mount", "--bind", folder.toString(), place.toString());
    }

    private static void inNamespace(Process process, String... command) {
        String pid = Long.toString(process.pid());
        List<String> enter = ROOT
                ? List.of("nsenter", "-t", pid, "-m")
                : List.of("nsenter", "-t", pid, "-U", "--preserve-credentials", "-m");
        Tool.run(java.util.stream.Stream.concat(enter.stream(), List.of(command).stream())
                        .toArray(String[]::new))
                .expectSuccess();
    }
}
