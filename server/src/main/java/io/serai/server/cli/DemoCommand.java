package io.serai.server.cli;

import io.serai.server.demo.Demo;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "demo",
        description = {
            "Start two real servers, send real files through SFTP, FTPS and HTTPS, and show where they went.",
            "Stays up until Ctrl-C."
        })
final class DemoCommand implements Callable<Integer> {
    @Option(names = "--once", description = "End when the files have arrived; status 0 only if all of them did.")
    boolean once;

    @Option(
            names = "--folder",
            paramLabel = "DIR",
            description = "Keep everything here instead of in a throw-away folder.")
    @Nullable
    Path kept;

    @Spec
    @Nullable
    CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec == null
                ? new PrintWriter(System.out, true)
                : spec.commandLine().getOut();
        Path folder = kept == null ? throwAway() : Files.createDirectories(kept.toAbsolutePath());
        try (Interruption interruption = new Interruption()) {
            int status = new Demo(folder, out).run(showNext -> stayUp(interruption, showNext, out));
            if (kept == null && status == 0) {
                ThrowAway.remove(folder);
            } else {
                out.println("Everything is kept in " + folder);
                out.flush();
            }
            return status;
        }
    }

    private void stayUp(Interruption interruption, Runnable showNext, PrintWriter out) {
        if (once) {
            return;
        }
        showNext.run();
        out.println();
        out.println("Press Ctrl-C to end.");
        out.flush();
        try {
            interruption.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Traversable for all: the embedded database of a server that root runs belongs to another user. */
    private static Path throwAway() throws IOException {
        Path folder = Files.createTempDirectory("serai-demo-");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        return folder;
    }
}
