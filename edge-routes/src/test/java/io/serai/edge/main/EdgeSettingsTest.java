package io.serai.edge.main;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import io.serai.edge.enrol.EnrolmentCode;
import io.serai.edge.message.FileMessages.FilesState.Takes;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EdgeSettingsTest {
    private static final Path FILE = Path.of("/etc/serai/edge.yaml");

    @Test
    void readsWhereTheLinkListens() {
        EdgeSettings settings = EdgeSettings.parse(FILE, "home: data\nlink:\n  address: 10.0.0.5\n  port: 7444\n");
        assertThat(settings.home()).isEqualTo(Path.of("/etc/serai/data"));
        assertThat(settings.link().getAddress().getHostAddress()).isEqualTo("10.0.0.5");
        assertThat(settings.link().getPort()).isEqualTo(7444);
        assertThat(EdgeSettings.parse(FILE, "link:\n  address: \"::1\"\n")
                        .link()
                        .getPort())
                .isEqualTo(7443);
    }

    @Test
    void readsWhereItsOwnRoutesAreAndHowItsKeyOpens(@org.junit.jupiter.api.io.TempDir Path folder) throws Exception {
        java.nio.file.Files.writeString(folder.resolve("secret"), "a long passphrase\n");
        EdgeSettings settings = EdgeSettings.parse(
                folder.resolve("edge.yaml"),
                "routes: routes\nsync: by-hand\nkeyPassphrase: file:secret\nlink:\n  address: 10.0.0.5\n");
        assertThat(settings.routes().orElseThrow())
                .isEqualTo(new EdgeSettings.OwnRoutes(folder.resolve("routes"), Takes.WHEN_TOLD));
        assertThat(settings.keyPassphrase().orElseThrow().reveal()).isEqualTo("a long passphrase");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "home: x|link is missing",
                "link: 10.0.0.5|expected fields",
                "link: {port: 1}|link.address is missing",
                "link: {address: edge.inside}|not an address",
                "link: {address: 10.0.0.5, port: 70000}|expected a port",
                "link: {bind: 10.0.0.5}|did you mean \"address\"",
                "links: {address: 10.0.0.5}|links is not a field here",
                "- a|expected one document",
                "link: {address: 10.0.0.5}\\nsync: by-hand|needs routes",
                "link: {address: 10.0.0.5}\\nroutes: r\\nsync: x|expected automatic or by-hand",
                "link: {address: 10.0.0.5}\\nkeyPassphrase: open sesame|not the passphrase itself",
                "link: {address: 10.0.0.5}\\nkeyPassphrase: env:SERAI_NO_SUCH|SERAI_NO_SUCH",
                "link: {address: 10.0.0.5}\\nkeyPassphrase: credential:link|LoadCredential"
            })
    void saysWhatIsWrong(String text, String reason) {
        assertThatThrownBy(() -> EdgeSettings.parse(FILE, text.replace("\\n", "\n")))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void theCommandTakesItsCodeFromTheLineOrTheEnvironment() {
        String code = EnrolmentCode.random().reveal();
        assertThat(EdgeMain.Words.of(new String[] {"--config", "x.yaml"}, Map.of())
                        .code())
                .isEmpty();
        assertThat(EdgeMain.Words.of(new String[] {"--enrol", code}, Map.of())
                        .code()
                        .orElseThrow()
                        .reveal())
                .isEqualTo(code);
        assertThat(EdgeMain.Words.of(new String[0], Map.of("SERAI_EDGE_CODE", code))
                        .code())
                .isPresent();
    }

    @Test
    void aCommandThatCannotBeEndsWithItsReason() throws Exception {
        for (String[] words :
                new String[][] {{"--frob"}, {"--enrol"}, {"--enrol", "nonsense"}, {"--config", "/nowhere/e.yaml"}}) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            int status = EdgeMain.run(words, Map.of(), new PrintStream(out, true, StandardCharsets.UTF_8));
            assertThat(status).isEqualTo(1);
            assertThat(out.toString(StandardCharsets.UTF_8)).isNotBlank();
        }
    }
}
