package io.serai.config.secret;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/**
 * Passwords to argon2id hashes and back to yes or no (RFC 9106). One computation takes 19 MiB and some 50 ms of a core;
 * only so many run at the same time as the machine has cores, 8 at most, so that a storm of logins can exhaust neither
 * memory nor the processors. Who waits longer than half a minute is refused with {@link ErrorCode#BUSY}.
 *
 * <p>Safe for use by several threads.
 */
public final class PasswordHasher {
    /** OWASP's first choice for argon2id: little memory per login, still costly for a thief of the database. */
    private static final Argon2Cost COST = new Argon2Cost(19_456, 2, 1);

    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;
    private static final int LONGEST_PASSWORD_BYTES = 1024;
    private static final int MOST_AT_ONCE = 8;
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    private final SecureRandom random = new SecureRandom();
    private final Semaphore computations;
    private final Argon2Hash unknown;
    private volatile KnownPasswords known = KnownPasswords.NONE;

    /** For as many computations at once as there are processors, 8 at most. */
    public PasswordHasher() {
        this(Math.min(MOST_AT_ONCE, Runtime.getRuntime().availableProcessors()));
    }

    /** For so many computations at once, of 19 MiB of heap each. */
    public PasswordHasher(int atOnce) {
        this.computations = new Semaphore(atOnce, true);
        this.unknown = new Argon2Hash(COST, randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
    }

    /**
     * A new hash of this password, with a salt of its own.
     *
     * @throws SeraiException with code INVALID for an empty password and one over 1,024 bytes
     */
    public PasswordHash hash(SecretText password) {
        byte[] bytes = password.reveal().getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > LONGEST_PASSWORD_BYTES) {
            throw new SeraiException(
                    ErrorCode.INVALID, "A password needs 1 to " + LONGEST_PASSWORD_BYTES + " bytes (UTF-8)");
        }
        byte[] salt = randomBytes(SALT_BYTES);
        return new Argon2Hash(COST, salt, compute(bytes, COST, salt, HASH_BYTES)).phc();
    }

    /** Whether this is the password of that hash; takes the same time for every wrong one. */
    public boolean verify(SecretText password, PasswordHash hash) {
        Argon2Hash expected = Argon2Hash.parse(hash);
        byte[] bytes = password.reveal().getBytes(StandardCharsets.UTF_8);
        if (bytes.length > LONGEST_PASSWORD_BYTES) {
            return verifyUnknown(new SecretText("too long"));
        }
        KnownPasswords verified = known;
        if (verified.isKnown(password, hash)) {
            return true;
        }
        byte[] actual = compute(bytes, expected.cost(), expected.salt(), expected.hash().length);
        boolean right = MessageDigest.isEqual(actual, expected.hash());
        if (right) {
            verified.remember(password, hash);
        }
        return right;
    }

    /** From here on what was verified lately need not be computed again; wrong passwords cost what they always cost. */
    public void remembering(KnownPasswords verified) {
        known = verified;
    }

    /**
     * What a login by an unknown name calls instead of {@link #verify}: costs the same, so that the time of the refusal
     * does not tell which names exist.
     *
     * @return always false
     */
    public boolean verifyUnknown(SecretText password) {
        byte[] bytes = password.reveal().getBytes(StandardCharsets.UTF_8);
        byte[] bounded = bytes.length > LONGEST_PASSWORD_BYTES ? new byte[0] : bytes;
        compute(bounded, unknown.cost(), unknown.salt(), HASH_BYTES);
        return false;
    }

    /** Whether the hash was made with other costs than new ones are; after a good login it should be made again. */
    public boolean needsRehash(PasswordHash hash) {
        return !Argon2Hash.parse(hash).cost().equals(COST);
    }

    private byte[] compute(byte[] password, Argon2Cost cost, byte[] salt, int length) {
        acquire();
        try {
            Argon2BytesGenerator generator = new Argon2BytesGenerator();
            generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                    .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                    .withMemoryAsKB(cost.memoryKib())
                    .withIterations(cost.passes())
                    .withParallelism(cost.lanes())
                    .withSalt(salt)
                    .build());
            byte[] out = new byte[length];
            generator.generateBytes(password, out);
            return out;
        } finally {
            computations.release();
        }
    }

    private void acquire() {
        try {
            if (computations.tryAcquire(LONGEST_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new SeraiException(ErrorCode.BUSY, "Too many logins at once; this one was given up, try again later");
    }

    private byte[] randomBytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }
}
