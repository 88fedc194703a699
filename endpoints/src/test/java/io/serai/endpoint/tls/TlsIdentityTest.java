package io.serai.endpoint.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.ClientProgram;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TlsIdentityTest {
    @TempDir
    Path folder;

    @Test
    void makesAnIdentityOnceAndKeepsItsKeyToItself() throws Exception {
        Path chain = folder.resolve("new/chain.pem");
        Path key = folder.resolve("new/key.pem");

        TlsIdentity first = TlsIdentity.loadOrCreate(chain, key, List.of("files.example.org", "192.0.2.7"));
        TlsIdentity second = TlsIdentity.loadOrCreate(chain, key, List.of());

        assertThat(second.chain()).isEqualTo(first.chain());
        assertThat(Files.getPosixFilePermissions(key)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(first.chain().get(0).getSubjectAlternativeNames().toString())
                .contains("files.example.org", "192.0.2.7", "localhost", "127.0.0.1");
        first.chain().get(0).verify(first.chain().get(0).getPublicKey());
        assertThat(first.context().getProtocol()).isEqualTo("TLS");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out chain.pem -days 2 -subj /CN=x",
                "openssl ecparam -name prime256v1 -genkey -noout -out key.pem"
                        + " && openssl req -x509 -new -key key.pem -out chain.pem -days 2 -subj /CN=x",
                "openssl req -x509 -newkey rsa:2048 -nodes -keyout k8.pem -out chain.pem -days 2 -subj /CN=x"
                        + " && openssl rsa -in k8.pem -traditional -out key.pem"
            })
    void readsWhatOpensslWrites(String command) throws Exception {
        assertThat(ClientProgram.run(folder, "bash", "-c", command).status()).isZero();

        TlsIdentity identity = TlsIdentity.load(folder.resolve("chain.pem"), folder.resolve("key.pem"));

        assertThat(identity.chain()).hasSize(1);
        assertThat(identity.keyPem()).startsWith("-----BEGIN PRIVATE KEY-----");
        assertThat(identity.chainPem()).startsWith("-----BEGIN CERTIFICATE-----");
    }

    @Test
    void refusesAKeyThatIsNotTheCertificates() {
        TlsIdentity.loadOrCreate(folder.resolve("a.pem"), folder.resolve("a.key"), List.of());
        TlsIdentity.loadOrCreate(folder.resolve("b.pem"), folder.resolve("b.key"), List.of());

        assertThatThrownBy(() -> TlsIdentity.load(folder.resolve("a.pem"), folder.resolve("b.key")))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
                .hasMessageContaining("b.key");
    }

    @Test
    void refusesHalfAnIdentityAndFilesWithoutOne() throws Exception {
        Path key = folder.resolve("a.key");
        TlsIdentity.loadOrCreate(folder.resolve("a.pem"), key, List.of());
        Path empty = Files.createFile(folder.resolve("empty.pem"));

        assertThatThrownBy(() -> TlsIdentity.loadOrCreate(folder.resolve("gone.pem"), key, List.of()))
                .hasMessageContaining("gone.pem");
        assertThatThrownBy(() -> TlsIdentity.load(empty, key)).hasMessageContaining("no certificate");
        assertThatThrownBy(() -> TlsIdentity.load(folder.resolve("a.pem"), empty))
                .hasMessageContaining("no unencrypted private key");
    }
}
