package io.serai.cluster.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.database.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class FullDiskTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    @Test
    void fullDiskIsReportedAndPasses() throws Exception {
        assertThat(run()).containsSubsequence("full NO_SPACE", "part true", "small small");
    }

    /** The file system is a small one in memory that only the child process sees. */
    private List<String> run() throws Exception {
        Path mount = Files.createDirectory(folder.resolve("small"));
        List<String> command = new ArrayList<>(List.of("unshare", "--mount"));
        if (!System.getProperty("user.name").equals("root")) {
            command.addAll(List.of("--user", "--map-root-user"));
        }
        var settings = DATABASE.settings();
        command.addAll(List.of(
                "sh",
                "-c",
                "mount -t tmpfs -o size=16m,nr_inodes=4000 tmpfs \"$1\" && shift && exec \"$@\"",
                "sh",
                mount.toString(),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                FullDiskUploader.class.getName(),
                mount.resolve("root").toString(),
                settings.url(),
                settings.user(),
                settings.password().reveal()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C.UTF-8");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as("This test needs unshare and mount (apt-get install util-linux mount): " + output)
                .isZero();
        return output.lines().toList();
    }
}
