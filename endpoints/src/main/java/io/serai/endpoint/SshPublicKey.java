package io.serai.endpoint;

import java.util.Base64;

/**
 * A public key as it travels in SSH.
 *
 * @param algorithm the signature algorithm's name, such as {@code rsa-sha2-512} or {@code ssh-ed25519}
 * @param blob the key in the encoding of RFC 4253 section 6.6
 */
public record SshPublicKey(String algorithm, byte[] blob) {
    public SshPublicKey {
        blob = blob.clone();
    }

    @Override
    public byte[] blob() {
        return blob.clone();
    }

    /** The blob as in authorized_keys. */
    public String base64() {
        return Base64.getEncoder().encodeToString(blob);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SshPublicKey that
                && algorithm.equals(that.algorithm)
                && java.util.Arrays.equals(blob, that.blob);
    }

    @Override
    public int hashCode() {
        return java.util.Arrays.hashCode(blob);
    }

    @Override
    public String toString() {
        return algorithm + " " + base64();
    }
}
