package io.serai.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HomeLockTest {
    @TempDir
    Path home;

    @Test
    void refusesASecondServerAndNamesTheFirst() {
        try (HomeLock first = HomeLock.acquire(home)) {
            assertThat(first.formerBoot()).isEmpty();
            assertThatThrownBy(() -> HomeLock.acquire(home))
                    .isInstanceOf(SeraiException.class)
                    .hasMessageContaining("process " + ProcessHandle.current().pid());
        }
    }

    @Test
    void remembersTheFormerBoot() {
        UUID boot = UUID.randomUUID();
        try (HomeLock first = HomeLock.acquire(home)) {
            first.recordBoot(boot);
        }

        try (HomeLock second = HomeLock.acquire(home)) {
            assertThat(second.formerBoot()).contains(boot);
        }
    }

    @Test
    void isHeldAgainstAnotherProcessUntilThatIsKilled() throws IOException, InterruptedException {
        Process holder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx32m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        home.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertThat(holder.inputReader().readLine()).isEqualTo("locked");
            assertThatThrownBy(() -> HomeLock.acquire(home)).hasMessageContaining("process " + holder.pid());
        } finally {
            holder.destroyForcibly();
            assertThat(holder.waitFor(10, TimeUnit.SECONDS)).isTrue();
        }

        HomeLock.acquire(home).close();
    }

    /** Holds the lock until it is killed. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] arguments) throws IOException {
            HomeLock.acquire(Path.of(arguments[0])).recordBoot(UUID.randomUUID());
            System.out.println("locked");
            System.out.println(System.in.read());
        }
    }
}
