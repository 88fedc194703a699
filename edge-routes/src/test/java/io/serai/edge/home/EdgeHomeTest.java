package io.serai.edge.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import io.serai.edge.message.EdgeMessages.Grant;
import io.serai.edge.message.EdgeMessages.ServerPin;
import io.serai.edge.message.EdgeMessages.Servers;
import io.serai.edge.tls.Pin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EdgeHomeTest {
    private static final Pin ONE = new Pin("1".repeat(64));
    private static final Pin TWO = new Pin("2".repeat(64));

    @TempDir
    Path folder;

    private static Grant grant(long revision, Pin... pins) {
        List<ServerPin> servers = Stream.of(pins)
                .map(pin -> new ServerPin("node-" + pin.hex().charAt(0), pin.hex()))
                .toList();
        return new Grant("cluster-1", "edge1", new Servers(revision, servers));
    }

    @Test
    void givesBackWhatItKeeps() {
        EdgeHome home = new EdgeHome(folder);
        assertThat(home.isEnrolled()).isFalse();
        Pin pin = home.identity().pin();
        home.keep(grant(3, ONE, TWO));
        EdgeHome again = new EdgeHome(folder);
        assertThat(again.isEnrolled()).isTrue();
        assertThat(again.membership()).isEqualTo(grant(3, ONE, TWO));
        assertThat(again.identity().pin()).isEqualTo(pin);
    }

    @Test
    void whatItKeepsIsForItsOwnerAlone() throws IOException {
        EdgeHome home = new EdgeHome(folder);
        var made = home.identity();
        home.keep(grant(1, ONE));
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .isEqualTo("rw-------");
            }
        }
        Files.setPosixFilePermissions(folder.resolve("keys/link.pem"), PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(home::identity)
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("open to other users");
    }

    @Test
    void aDamagedListIsNotTakenForAnEmptyOne() {
        EdgeHome home = new EdgeHome(folder);
        var made = home.identity();
        home.keep(grant(1, ONE));
        for (String damage : List.of("", "edge edge1\n", "cluster c\nedge e\nrevision 1\nserver n zz\n", "\0\0\0")) {
            io.serai.edge.tls.LinkKeyFile.write(folder.resolve("keys/servers"), damage);
            assertThatThrownBy(home::membership)
                    .isInstanceOf(SeraiException.class)
                    .hasMessageContaining("damaged");
        }
    }

    @Test
    void takesNewerServersOnlyAndKeepsThem() {
        EdgeHome home = new EdgeHome(folder);
        var made = home.identity();
        home.keep(grant(5, ONE));
        KnownServers known = new KnownServers(home);
        assertThat(known.speaksFor(ONE, "node-1")).isTrue();
        assertThat(known.speaksFor(ONE, "node-2")).isFalse();
        assertThat(known.knows(TWO)).isFalse();

        assertThat(known.take(grant(4, TWO).servers())).isFalse();
        assertThat(known.take(grant(5, TWO).servers())).isFalse();
        assertThat(known.take(grant(9).servers())).isFalse();
        assertThat(known.knows(TWO)).isFalse();

        assertThat(known.take(grant(6, TWO).servers())).isTrue();
        assertThat(known.knows(ONE)).isFalse();
        assertThat(new KnownServers(new EdgeHome(folder)).speaksFor(TWO, "node-2"))
                .isTrue();
    }

    @Test
    void aPassphraseEncryptsTheKeyAndNothingElseOpensIt() throws Exception {
        Path file = folder.resolve("keys/link.pem");
        Pin pin = new EdgeHome(folder).identity().pin();
        assertThat(Files.readString(file)).contains("BEGIN PRIVATE KEY");
        Optional<SecretText> passphrase = Optional.of(new SecretText("open sesame, please"));
        assertThat(new EdgeHome(folder, passphrase).identity().pin()).isEqualTo(pin);
        assertThat(Files.readString(file))
                .contains("BEGIN ENCRYPTED PRIVATE KEY")
                .doesNotContain("BEGIN PRIVATE KEY");
        EdgeHome again = new EdgeHome(folder, passphrase);
        assertThat(again.identity().pin()).isEqualTo(pin);
        assertThat(again.identity().key().getEncoded()).isNotEmpty();
        assertThatThrownBy(() -> new EdgeHome(folder, Optional.of(new SecretText("open sesame, quickly"))).identity())
                .hasMessageContaining("does not open with the passphrase");
        assertThatThrownBy(() -> new EdgeHome(folder).identity())
                .hasMessageContaining("is encrypted: give its passphrase");
    }
}
