package io.serai.config.secret;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.RegistryConfiguration;
import com.google.crypto.tink.aead.AeadConfig;
import com.google.crypto.tink.aead.PredefinedAeadParameters;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Encryption of secrets at rest (AES-256-GCM by Tink) under keys that are kept in a file outside the database. Whoever
 * has the database alone can read no secret; whoever loses the key file has lost the secrets, so it belongs in the
 * backup, apart from the database's.
 *
 * <p>{@link #rotate} adds a key and encrypts with it from then on; the older keys stay for reading. A box that meets a
 * ciphertext of a key that it does not know reads the file again, so that running nodes follow a rotation.
 *
 * <p>Safe for use by several threads; the field {@code keys} is the only mutable state and is replaced as a whole.
 */
public final class SecretBox implements SecretCipher {
    private static final String PREFIX = "aead1:";
    /** Tink writes one version byte and the four bytes of the key's id before the ciphertext. */
    private static final int KEY_ID_OFFSET = 1;

    private final KeyFile file;
    private volatile Keys keys;
    private volatile Rotations rotations = List::of;

    /** Where the rotations that other nodes made are found: their keys, encrypted under the keys before, oldest first. */
    @FunctionalInterface
    public interface Rotations {
        List<String> all();
    }

    /**
     * A rotation that is made but not in force here.
     *
     * @param wrapped the new keys, encrypted under the present ones
     */
    public record PreparedRotation(String wrapped) {}

    private record Keys(KeysetHandle handle, Aead aead) {}

    private SecretBox(KeyFile file, KeysetHandle handle) {
        this.file = file;
        this.keys = keys(handle);
    }

    /**
     * Opens the box of a node whose database already holds encrypted data.
     *
     * @throws SeraiException with code INVALID when the key file is missing, unreadable or open to other users
     */
    public static SecretBox open(Path keyFile) {
        KeyFile file = new KeyFile(keyFile);
        if (!Files.exists(keyFile)) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The key file " + keyFile + " is missing, but the database holds secrets that were encrypted with"
                            + " it. Put the file back from your backup; without it the secrets cannot be read, and a new"
                            + " one would hide the loss");
        }
        return new SecretBox(file, file.read());
    }

    /**
     * Opens the box, and makes the key file (mode 0600) when there is none. Only for a node whose database holds no
     * encrypted data yet; otherwise {@link #open} is the right call. Of several nodes that start at once on one file one
     * creates it and all use that.
     */
    public static SecretBox openOrCreate(Path keyFile) {
        KeyFile file = new KeyFile(keyFile);
        if (!Files.exists(keyFile)) {
            file.create(newKeyset());
        }
        return new SecretBox(file, file.read());
    }

    @Override
    public String encrypt(SecretText secret, SecretContext context) {
        try {
            byte[] clear = secret.reveal().getBytes(StandardCharsets.UTF_8);
            return PREFIX + Base64.getEncoder().encodeToString(keys.aead.encrypt(clear, context.associatedData()));
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "The secret of " + context + " could not be encrypted", e);
        }
    }

    @Override
    public SecretText decrypt(String encrypted, SecretContext context) {
        byte[] bytes = ciphertext(encrypted, context);
        try {
            if (!knows(keyId(bytes, context))) {
                keys = keys(file.read());
                if (!knows(keyId(bytes, context))) {
                    absorb(rotations.all());
                }
            }
            return new SecretText(
                    new String(keys.aead.decrypt(bytes, context.associatedData()), StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The secret of " + context + " cannot be decrypted with the keys in " + file + ": the file is not"
                            + " the one that encrypted it, or the stored value was changed. Put the right key file back,"
                            + " or apply the object again with its secret",
                    e);
        }
    }

    /** Whether this was encrypted with the newest key; what is not should be decrypted and encrypted again. */
    public boolean isCurrent(String encrypted, SecretContext context) {
        return keyId(ciphertext(encrypted, context), context)
                == keys.handle.getPrimary().getId();
    }

    /** Adds a new key, which encrypts from now on; the older keys stay for reading. */
    public void rotate() {
        keys = keys(file.replace(SecretBox::withNewPrimary));
    }

    /** Looks there for new keys when a ciphertext of an unknown key comes, and now. */
    public void follow(Rotations source) {
        rotations = source;
        absorb(source.all());
    }

    /** Makes new keys without using them: publish them, then {@link #absorb} them. */
    public PreparedRotation prepareRotation() {
        Keys present = keys;
        return new PreparedRotation(WrappedKeys.underKeys(withNewPrimary(present.handle), present.aead));
    }

    /** Takes the newest keys that can be opened one after the other, starting with the present ones. */
    public synchronized void absorb(List<String> wrapped) {
        Keys present = keys;
        for (String each : wrapped) {
            Optional<KeysetHandle> opened = WrappedKeys.openUnderKeys(each, present.aead);
            if (opened.isPresent() && opened.get().size() > present.handle.size()) {
                present = keys(opened.get());
            }
        }
        if (present != keys) {
            KeysetHandle newest = present.handle;
            keys = keys(file.replace(old -> newest.size() > old.size() ? newest : old));
        }
    }

    /** The keys for a node that is invited, encrypted under the secret of its token. */
    public String wrapFor(JoinSecret secret, String cluster, String invitation) {
        return WrappedKeys.underSecret(keys.handle, secret, cluster, invitation);
    }

    private boolean knows(int keyId) {
        KeysetHandle handle = keys.handle;
        for (int i = 0; i < handle.size(); i++) {
            if (handle.getAt(i).getId() == keyId) {
                return true;
            }
        }
        return false;
    }

    private static byte[] ciphertext(String encrypted, SecretContext context) {
        if (!encrypted.startsWith(PREFIX)) {
            throw notEncrypted(context, null);
        }
        try {
            return Base64.getDecoder().decode(encrypted.substring(PREFIX.length()));
        } catch (IllegalArgumentException e) {
            throw notEncrypted(context, e);
        }
    }

    private static int keyId(byte[] ciphertext, SecretContext context) {
        if (ciphertext.length < KEY_ID_OFFSET + Integer.BYTES) {
            throw notEncrypted(context, null);
        }
        return ByteBuffer.wrap(ciphertext).getInt(KEY_ID_OFFSET);
    }

    private static SeraiException notEncrypted(SecretContext context, @Nullable Throwable cause) {
        return new SeraiException(
                ErrorCode.INVALID,
                "The stored secret of " + context
                        + " is not an encrypted value; apply the object again with its secret",
                cause);
    }

    private static Keys keys(KeysetHandle handle) {
        try {
            return new Keys(handle, handle.getPrimitive(RegistryConfiguration.get(), Aead.class));
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.INVALID, "The key file holds no usable AES-GCM key", e);
        }
    }

    private static KeysetHandle newKeyset() {
        try {
            AeadConfig.register();
            return KeysetHandle.generateNew(PredefinedAeadParameters.AES256_GCM);
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "A key could not be made", e);
        }
    }

    private static KeysetHandle withNewPrimary(KeysetHandle old) {
        try {
            AeadConfig.register();
            return KeysetHandle.newBuilder(old)
                    .addEntry(KeysetHandle.generateEntryFromParameters(PredefinedAeadParameters.AES256_GCM)
                            .withRandomId()
                            .makePrimary())
                    .build();
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "A key could not be added", e);
        }
    }
}
