package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a newcomer types first. */
@Tag("paired")
class DemoIT {
    @Test
    void endsWithZeroWhenEveryFileArrived() {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Tool.Result demo = Tool.start(
                        java,
                        "-Xmx512m",
                        "-Djdk.serialFilter=!*",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.serai.server.cli.Serai",
                        "demo",
                        "--once")
                .await(Duration.ofMinutes(4))
                .expectSuccess();
        assertThat(demo.output()).contains("checksum right").doesNotContain("MISSING");
    }
}
