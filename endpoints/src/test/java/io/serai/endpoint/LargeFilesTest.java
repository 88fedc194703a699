package io.serai.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are larger than the heap of the tests' minimum (256 MiB) pass both ways. */
class LargeFilesTest {
    @TempDir
    Path folder;

    @TempDir
    Path storage;

    @ParameterizedTest
    @CsvSource({"http-server, https, --http1.1", "http-server, https, --http2", "ftp-server, ftp, --ssl-reqd"})
    void passBothWays(String scheme, String protocol, String option) throws Exception {
        assertThat(ClientProgram.run(folder, "bash", "-c", "head -c 300M /dev/urandom > a.bin")
                        .status())
                .isZero();
        InMemoryPartners partners = new InMemoryPartners(storage).addAccount("acme", "password");
        Map<String, ?> options = Map.of(
                "bindAddress",
                "127.0.0.1",
                "port",
                0,
                "certificate",
                folder.resolve("chain.pem"),
                "privateKey",
                folder.resolve("key.pem"));
        try (ListenerUnderTest server = new ListenerUnderTest(scheme, options, partners)) {
            String url = protocol + "://localhost:" + server.port() + "/a.bin";
            List<String> curl = List.of("curl", "-sS", "-f", "-k", option, "-u", "acme:password", url);
            assertThat(ClientProgram.run(folder, with(curl, "-T", "a.bin")).status())
                    .isZero();
            assertThat(ClientProgram.run(folder, with(curl, "-o", "b.bin")).status())
                    .isZero();
        }
        Path stored = partners.account("acme").contentOf("/a.bin").orElseThrow();
        assertThat(Files.mismatch(folder.resolve("a.bin"), stored)).isEqualTo(-1);
        assertThat(Files.mismatch(folder.resolve("a.bin"), folder.resolve("b.bin")))
                .isEqualTo(-1);
    }

    private static List<String> with(List<String> command, String... more) {
        List<String> all = new ArrayList<>(command);
        all.addAll(List.of(more));
        return all;
    }
}
