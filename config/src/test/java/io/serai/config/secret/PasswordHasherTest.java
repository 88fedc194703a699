package io.serai.config.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import org.junit.jupiter.api.Test;

class PasswordHasherTest {
    private final PasswordHasher hasher = new PasswordHasher(1);

    @Test
    void acceptsTheRightPasswordOnly() {
        PasswordHash hash = hasher.hash(new SecretText("pässword"));
        assertThat(hasher.verify(new SecretText("pässword"), hash)).isTrue();
        assertThat(hasher.verify(new SecretText("password"), hash)).isFalse();
        assertThat(hasher.verify(new SecretText(""), hash)).isFalse();
        assertThat(hasher.verify(new SecretText("p".repeat(5000)), hash)).isFalse();
    }

    @Test
    void saltsEveryHash() {
        SecretText password = new SecretText("same");
        assertThat(hasher.hash(password)).isNotEqualTo(hasher.hash(password));
    }

    /** Made with the reference implementation: {@code echo -n password | argon2 somesalt12345678 -id -t 2 -k 19456 -p 1 -l 32 -e}. */
    @Test
    void acceptsHashesOfTheReferenceImplementation() {
        PasswordHash reference = new PasswordHash(REFERENCE);
        assertThat(hasher.verify(new SecretText("password"), reference)).isTrue();
        assertThat(hasher.needsRehash(reference)).isFalse();
    }

    private static final String REFERENCE =
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$DEwLbbIZGUtgBuB4gYok6r6hNvevYZoxkwMQ5/LXSaU";

    @Test
    void saysWhenTheCostsAreOfYesterday() {
        assertThat(hasher.needsRehash(hasher.hash(new SecretText("x")))).isFalse();
        assertThat(hasher.needsRehash(new PasswordHash(
                        "$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$" + "qqO0I6xnTgXTAmsHLMPRVyYyHZXA9Xy0bJYPWnWqfZw")))
                .isTrue();
    }

    @Test
    void refusesUnknownNamesWhateverThePassword() {
        assertThat(hasher.verifyUnknown(new SecretText(""))).isFalse();
        assertThat(hasher.verifyUnknown(new SecretText("p".repeat(5000)))).isFalse();
    }

    @Test
    void anUnknownNameCostsWhatAKnownOneCosts() {
        PasswordHash hash = hasher.hash(new SecretText("right"));
        SecretText wrong = new SecretText("wrong");
        long known = Long.MAX_VALUE;
        long unknown = Long.MAX_VALUE;
        for (int round = 0; round < 5; round++) {
            long begin = System.nanoTime();
            hasher.verify(wrong, hash);
            long middle = System.nanoTime();
            hasher.verifyUnknown(wrong);
            known = Math.min(known, middle - begin);
            unknown = Math.min(unknown, System.nanoTime() - middle);
        }
        assertThat((double) unknown / known).isBetween(0.5, 2.0);
    }

    @Test
    void refusesEmptyAndOverlongPasswords() {
        assertThatThrownBy(() -> hasher.hash(new SecretText(""))).isInstanceOf(SeraiException.class);
        assertThatThrownBy(() -> hasher.hash(new SecretText("p".repeat(1025)))).isInstanceOf(SeraiException.class);
    }

    @Test
    void refusesHashesThatWouldExhaustTheServer() {
        PasswordHash greedy = new PasswordHash(
                "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$" + "qqO0I6xnTgXTAmsHLMPRVyYyHZXA9Xy0bJYPWnWqfZw");
        assertThatThrownBy(() -> hasher.verify(new SecretText("x"), greedy))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("at most 64 MiB");
    }
}
