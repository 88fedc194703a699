package io.serai.config.secret;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.TinkProtoKeysetFormat;
import com.google.crypto.tink.aead.AeadConfig;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.Optional;

/** Key sets on their way from node to node, encrypted; printable text. */
public final class WrappedKeys {
    private static final byte[] ROTATION = "serai key rotation".getBytes(StandardCharsets.US_ASCII);

    private WrappedKeys() {}

    static String underKeys(KeysetHandle keyset, Aead keys) {
        return wrap(keyset, keys, ROTATION);
    }

    /** The key set; empty when it was wrapped under keys that are not among these. */
    static Optional<KeysetHandle> openUnderKeys(String wrapped, Aead keys) {
        return open(wrapped, keys, ROTATION);
    }

    static String underSecret(KeysetHandle keyset, JoinSecret secret, String cluster, String invitation) {
        return wrap(keyset, secret.aead(cluster), invitation.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Makes the key file of a node that is invited.
     *
     * @throws SeraiException {@code INVALID} when the secret is not the one, or there is a key file already
     */
    public static void install(Path keyFile, String wrapped, JoinSecret secret, String cluster, String invitation) {
        KeysetHandle keyset = underSecretOf(wrapped, secret, cluster, invitation);
        if (Files.exists(keyFile)) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "this home has keys already (" + keyFile + "): join with another home, or move the file away if"
                            + " nothing was encrypted with it");
        }
        new KeyFile(keyFile).create(keyset);
    }

    /**
     * Makes sure that a token is the one of its invitation.
     *
     * @throws SeraiException {@code INVALID} when its secret is not the one
     */
    public static void verify(String wrapped, JoinSecret secret, String cluster, String invitation) {
        KeysetHandle unused = underSecretOf(wrapped, secret, cluster, invitation);
    }

    private static KeysetHandle underSecretOf(String wrapped, JoinSecret secret, String cluster, String invitation) {
        return open(wrapped, secret.aead(cluster), invitation.getBytes(StandardCharsets.UTF_8))
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.INVALID,
                        "the token does not open what is kept for it: it was cut or changed on its way, or what the"
                                + " database holds was changed; make another with \"serai nodes invite\""));
    }

    private static String wrap(KeysetHandle keyset, Aead aead, byte[] context) {
        try {
            return Base64.getEncoder()
                    .encodeToString(TinkProtoKeysetFormat.serializeEncryptedKeyset(keyset, aead, context));
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "The keys could not be encrypted", e);
        }
    }

    private static Optional<KeysetHandle> open(String wrapped, Aead aead, byte[] context) {
        try {
            AeadConfig.register();
            return Optional.of(TinkProtoKeysetFormat.parseEncryptedKeyset(
                    Base64.getDecoder().decode(wrapped), aead, context));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
