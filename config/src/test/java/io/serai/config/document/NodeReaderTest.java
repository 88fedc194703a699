package io.serai.config.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.NodeOverlay;
import io.serai.config.secret.LocalSecrets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeReaderTest {
    private static List<ObjectDraft> parse(String settings) {
        String text = "kind: Node\nname: b\nspec:\n  settings:\n    - " + settings + "\n";
        return new Documents(new LocalSecrets(Map.of()), CronCheck.NONE)
                .parse(List.of(new DocumentFile("b.yaml", text)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "node.capacity=32",
                "node.labels=big,dmz",
                "sftp.bind-address=10.0.0.12",
                "sftp.port=2200",
                "https.port=8443",
                "admin.bind-address=10.0.0.12",
                "ftps.passive-ports=50100-50199"
            })
    void takesWhatMayDifferOnANode(String setting) {
        assertThat(parse("\"" + setting + "\"").get(0).object())
                .isInstanceOfSatisfying(
                        NodeOverlay.class, node -> assertThat(node.settings()).containsExactly(setting));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sftp.prot=2200|sftp.prot is not a setting",
                "sftp.prot=2200|did you mean \"sftp.port\"",
                "sftp.port|expected key=value",
                "sftp.port=70000|70000",
                "node.capacity=many|many",
                "node.capacity=0|0",
                "node.lease=4s|node.lease can only be set on the node itself",
                "node.name=c|node.name can only be set on the node itself",
                "storage.root=/tmp|storage.root can only be set on the node itself",
                "database.url=jdbc:postgresql://x/y|database.url can only be set on the node itself",
                "library.trusted-keys=/tmp/k|library.trusted-keys can only be set on the node itself",
                "monitors.roots=/var/lib/serai|monitors.roots can only be set on the node itself",
                "sftp.host-keys=/tmp/k|sftp.host-keys can only be set on the node itself",
                "tls.certificate=/tmp/c.pem|tls.certificate can only be set on the node itself",
                "tls.key=/tmp/c.key|tls.key can only be set on the node itself",
                "sftp.proxy-protocol-from=10.0.0.5|sftp.proxy-protocol-from can only be set on the node itself",
                "ftps.proxy-protocol-from=10.0.0.5|ftps.proxy-protocol-from can only be set on the node itself",
                "https.proxy-protocol-from=10.0.0.5|https.proxy-protocol-from can only be set on the node itself"
            })
    void refusesTheRestWithItsPlaceAndReason(String setting, String reason) {
        assertThatThrownBy(() -> parse("\"" + setting + "\"")).isInstanceOfSatisfying(SeraiException.class, refused -> {
            assertThat(refused.code()).isEqualTo(ErrorCode.INVALID);
            assertThat(refused.text()).contains("b.yaml:5:", "spec.settings[0]", reason);
        });
    }

    @Test
    void refusesTheSameSettingTwice() {
        assertThatThrownBy(() -> parse("node.capacity=1\n    - node.capacity=2"))
                .hasMessageContaining("spec.settings")
                .hasMessageContaining("node.capacity is given twice");
    }
}
