package io.serai.config.secret;

import com.google.crypto.tink.AccessesPartialKey;
import com.google.crypto.tink.Aead;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.RegistryConfiguration;
import com.google.crypto.tink.aead.AeadConfig;
import com.google.crypto.tink.aead.AesGcmKey;
import com.google.crypto.tink.aead.AesGcmParameters;
import com.google.crypto.tink.subtle.Hkdf;
import com.google.crypto.tink.util.SecretBytes;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;

/**
 * The 256 random bits of an invitation's token, under which the cluster's keys lie in the database for the node that is
 * invited. The encryption key is made from them by HKDF-SHA256 (RFC 5869) with the cluster's id as salt.
 */
public final class JoinSecret {
    private static final int BYTES = 32;
    private static final byte[] INFO = "serai join 1".getBytes(StandardCharsets.US_ASCII);

    private final byte[] bytes;

    private JoinSecret(byte[] bytes) {
        this.bytes = bytes;
    }

    public static JoinSecret random() {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        return new JoinSecret(bytes);
    }

    /** What {@link #reveal} said. */
    public static JoinSecret of(String text) {
        byte[] bytes = Base64.getUrlDecoder().decode(text);
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("a join secret has " + BYTES + " bytes");
        }
        return new JoinSecret(bytes);
    }

    /** For the token, which only the invited node's administrator sees. */
    public String reveal() {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @AccessesPartialKey
    Aead aead(String cluster) {
        try {
            AeadConfig.register();
            byte[] key = Hkdf.computeHkdf("HMACSHA256", bytes, cluster.getBytes(StandardCharsets.UTF_8), INFO, BYTES);
            AesGcmParameters parameters = AesGcmParameters.builder()
                    .setKeySizeBytes(BYTES)
                    .setIvSizeBytes(12)
                    .setTagSizeBytes(16)
                    .setVariant(AesGcmParameters.Variant.NO_PREFIX)
                    .build();
            AesGcmKey wrapping = AesGcmKey.builder()
                    .setParameters(parameters)
                    .setKeyBytes(SecretBytes.copyFrom(key, InsecureSecretKeyAccess.get()))
                    .build();
            return KeysetHandle.newBuilder()
                    .addEntry(KeysetHandle.importKey(wrapping).withRandomId().makePrimary())
                    .build()
                    .getPrimitive(RegistryConfiguration.get(), Aead.class);
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "The key of an invitation could not be made", e);
        }
    }

    @Override
    public String toString() {
        return "JoinSecret[hidden]";
    }
}
