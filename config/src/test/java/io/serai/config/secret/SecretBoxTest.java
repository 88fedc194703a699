package io.serai.config.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretBoxTest {
    private static final SecretText SECRET = new SecretText("correct horse battery staple");
    private static final SecretContext CONTEXT = new SecretContext("Site", "bank", "spec.password");

    @TempDir
    Path home;

    Path keyFile;

    @BeforeEach
    void setUp() {
        keyFile = home.resolve("keys/secrets.json");
    }

    @Test
    void givesBackWhatItEncryptedAlsoAfterARestart() {
        String stored = SecretBox.openOrCreate(keyFile).encrypt(SECRET, CONTEXT);
        assertThat(SecretBox.open(keyFile).decrypt(stored, CONTEXT)).isEqualTo(SECRET);
    }

    @Test
    void storedFormShowsNothingOfTheSecretAndDiffersEachTime() {
        SecretBox box = SecretBox.openOrCreate(keyFile);
        String first = box.encrypt(SECRET, CONTEXT);
        String second = box.encrypt(SECRET, CONTEXT);
        assertThat(first).isNotEqualTo(second).doesNotContain("horse");
        assertThat(new String(
                        Base64.getDecoder().decode(first.substring("aead1:".length())),
                        java.nio.charset.StandardCharsets.ISO_8859_1))
                .doesNotContain("horse");
    }

    @Test
    void keyFileIsPrivateAndNothingElseIsLeftBeside() throws IOException {
        SecretBox.openOrCreate(keyFile);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keyFile)))
                .isEqualTo("rw-------");
        try (Stream<Path> files = Files.list(keyFile.getParent())) {
            assertThat(files).containsExactly(keyFile);
        }
    }

    @Test
    void refusesAValueThatWasMovedToAnotherObjectOrField() {
        SecretBox box = SecretBox.openOrCreate(keyFile);
        String stored = box.encrypt(SECRET, CONTEXT);
        for (SecretContext other : List.of(
                new SecretContext("Site", "mill", "spec.password"),
                new SecretContext("Site", "bank", "spec.bearerToken"),
                new SecretContext("Account", "bank", "spec.password"))) {
            assertInvalid(() -> box.decrypt(stored, other), "Put the right key file back");
        }
    }

    @Test
    void refusesEveryTamperedValue() {
        SecretBox box = SecretBox.openOrCreate(keyFile);
        String stored = box.encrypt(SECRET, CONTEXT);
        byte[] bytes = Base64.getDecoder().decode(stored.substring("aead1:".length()));
        for (int i = 0; i < bytes.length; i++) {
            byte[] tampered = bytes.clone();
            tampered[i] ^= 1;
            String text = "aead1:" + Base64.getEncoder().encodeToString(tampered);
            assertThatThrownBy(() -> box.decrypt(text, CONTEXT)).isInstanceOf(SeraiException.class);
        }
        for (String nonsense : List.of("", "aead1:", "aead1:AAA", "aead1:!!", "correct horse battery staple")) {
            assertThatThrownBy(() -> box.decrypt(nonsense, CONTEXT)).isInstanceOf(SeraiException.class);
        }
    }

    @Test
    void readsOldValuesAfterRotationAndEncryptsWithTheNewKey() {
        SecretBox box = SecretBox.openOrCreate(keyFile);
        String old = box.encrypt(SECRET, CONTEXT);
        box.rotate();
        String renewed = box.encrypt(SECRET, CONTEXT);

        assertThat(box.decrypt(old, CONTEXT)).isEqualTo(SECRET);
        assertThat(box.isCurrent(old, CONTEXT)).isFalse();
        assertThat(box.isCurrent(renewed, CONTEXT)).isTrue();
        SecretBox reopened = SecretBox.open(keyFile);
        assertThat(reopened.decrypt(old, CONTEXT)).isEqualTo(SECRET);
        assertThat(reopened.decrypt(renewed, CONTEXT)).isEqualTo(SECRET);
    }

    @Test
    void aRunningNodeFollowsTheRotationOfAnother() {
        SecretBox running = SecretBox.openOrCreate(keyFile);
        SecretBox other = SecretBox.open(keyFile);
        other.rotate();
        assertThat(running.decrypt(other.encrypt(SECRET, CONTEXT), CONTEXT)).isEqualTo(SECRET);
    }

    @Test
    void refusesAnotherNodesKeyFile() {
        String stored = SecretBox.openOrCreate(keyFile).encrypt(SECRET, CONTEXT);
        SecretBox stranger = SecretBox.openOrCreate(home.resolve("other.json"));
        assertInvalid(() -> stranger.decrypt(stored, CONTEXT), "Site/bank/spec.password cannot be decrypted");
    }

    @Test
    void neverMakesANewKeyWhenEncryptedDataExist() {
        assertInvalid(() -> SecretBox.open(keyFile), "is missing, but the database holds secrets");
        assertThat(keyFile).doesNotExist();
    }

    @Test
    void refusesAKeyFileThatOthersMayRead() throws IOException {
        SecretBox.openOrCreate(keyFile);
        Files.setPosixFilePermissions(keyFile, PosixFilePermissions.fromString("rw-r-----"));
        assertInvalid(() -> SecretBox.open(keyFile), "open to other users (rw-r-----)");
    }

    @Test
    void saysThatADamagedKeyFileIsDamaged() throws IOException {
        SecretBox.openOrCreate(keyFile);
        Files.writeString(keyFile, "{\"primaryKeyId\":");
        assertInvalid(() -> SecretBox.open(keyFile), "is damaged");
    }

    @Test
    void ofManyFirstStartsAtOnceOneMakesTheKeyAndAllUseIt() throws Exception {
        ExecutorService starters = Executors.newFixedThreadPool(8);
        try {
            List<Callable<SecretBox>> starts = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                starts.add(() -> SecretBox.openOrCreate(keyFile));
            }
            List<SecretBox> boxes = new ArrayList<>();
            for (Future<SecretBox> started : starters.invokeAll(starts)) {
                boxes.add(started.get());
            }
            String stored = boxes.get(0).encrypt(SECRET, CONTEXT);
            for (SecretBox box : boxes) {
                assertThat(box.decrypt(stored, CONTEXT)).isEqualTo(SECRET);
            }
        } finally {
            starters.shutdownNow();
        }
    }

    private static void assertInvalid(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
                .hasMessageContaining(message)
                .message()
                .doesNotContain("horse");
    }
}
