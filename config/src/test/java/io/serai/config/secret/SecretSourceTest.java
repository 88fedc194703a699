package io.serai.config.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretSourceTest {
    @TempDir
    Path folder;

    private final LocalSecrets local = new LocalSecrets(Map.of("BANK", "from-env", "EMPTY", ""));

    @Test
    void readsLiteralsVariablesAndFiles() throws IOException {
        Files.writeString(folder.resolve("bank.txt"), "from-file\n");
        assertThat(find("plain")).isEqualTo("plain");
        assertThat(find("env:BANK")).isEqualTo("from-env");
        assertThat(find("file:bank.txt")).isEqualTo("from-file");
        assertThat(find("literal:env:BANK")).isEqualTo("env:BANK");
    }

    @Test
    void whatWasFoundHereServesAsGivenThere() {
        SecretSource source = SecretSource.parse("env:BANK", folder);
        local.find(source);
        GivenSecrets given = new GivenSecrets(local.found());
        assertThat(given.find(source).reveal()).isEqualTo("from-env");
        assertThatThrownBy(() -> given.find(SecretSource.parse("file:/etc/passwd", folder)))
                .hasMessageContaining("file:/etc/passwd did not come along");
    }

    @Test
    void saysWhatIsMissing() throws IOException {
        Files.writeString(folder.resolve("huge"), "x".repeat(70_000));
        Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, 0});
        assertRefused("env:NOT_SET", "NOT_SET is not set");
        assertRefused("env:EMPTY", "env:EMPTY is empty");
        assertRefused("env:not a name", "name of an environment variable");
        assertRefused("file:", "path of a file is expected");
        assertRefused("file:absent", folder.resolve("absent") + " does not exist");
        assertRefused("file:huge", "longer than 64 KiB");
        assertRefused("file:binary", "not UTF-8");
    }

    private String find(String text) {
        return local.find(SecretSource.parse(text, folder)).reveal();
    }

    private void assertRefused(String text, String message) {
        assertThatThrownBy(() -> find(text)).isInstanceOf(SeraiException.class).hasMessageContaining(message);
    }
}
