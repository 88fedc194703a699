package io.serai.endpoint.sftp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostKeysTest {
    @TempDir
    Path folder;

    @Test
    void areMadeOnceAndForTheirOwnerOnly() throws Exception {
        Path keys = folder.resolve("keys");
        HostKeys made = HostKeys.inFolder(keys);
        assertThat(made.fingerprints()).hasSize(3).allMatch(line -> line.contains("SHA256:"));
        assertThat(HostKeys.inFolder(keys).fingerprints()).isEqualTo(made.fingerprints());
        try (var files = Files.list(keys)) {
            List<Path> all = files.toList();
            assertThat(all).hasSize(3);
            for (Path file : all) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .isEqualTo("rw-------");
            }
        }
    }

    @Test
    void ofOpenSshAreReadButNotWhenOthersCanReadThem() throws Exception {
        Path key = OpenSsh.keyPair(folder, "ed25519");
        Path host = Files.move(key, folder.resolve("ssh_host_ed25519_key"));
        assertThat(HostKeys.inFolder(folder).fingerprints()).hasSize(1);
        Files.setPosixFilePermissions(host, PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> HostKeys.inFolder(folder))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("chmod 600");
    }

    @Test
    void thatAreNoKeysAreNamed() throws Exception {
        Path host = folder.resolve("ssh_host_rsa_key");
        Files.writeString(host, "not a key");
        Files.setPosixFilePermissions(host, PosixFilePermissions.fromString("rw-------"));
        assertThatThrownBy(() -> HostKeys.inFolder(folder))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("ssh_host_rsa_key");
    }
}
