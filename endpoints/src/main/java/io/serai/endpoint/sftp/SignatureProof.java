package io.serai.endpoint.sftp;

import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.List;
import java.util.Optional;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.signature.BuiltinSignatures;
import org.apache.sshd.common.signature.Signature;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies the signature of a public key login from nothing but its parts: a pure function, for the answering side to
 * call with a key that it found in its own database. Whatever is odd about the input is a "no".
 *
 * <p>The signed data are those of RFC 4252 section 7, with the service {@code ssh-connection}.
 */
public final class SignatureProof {
    private static final Logger LOG = LoggerFactory.getLogger(SignatureProof.class);

    private static final int KEY_BYTES = 4096;
    private static final int SIGNATURE_BYTES = 4096;
    private static final int SESSION_ID_BYTES = 64;
    private static final int RSA_BITS_MIN = 2048;
    private static final int RSA_BITS_MAX = 16384;

    /** The signature algorithms that are taken, strongest first; no SHA-1 and no DSA. */
    static final List<BuiltinSignatures> ALGORITHMS = List.of(
            BuiltinSignatures.ed25519,
            BuiltinSignatures.nistp256,
            BuiltinSignatures.nistp384,
            BuiltinSignatures.nistp521,
            BuiltinSignatures.sk_ssh_ed25519,
            BuiltinSignatures.sk_ecdsa_sha2_nistp256,
            BuiltinSignatures.rsaSHA512,
            BuiltinSignatures.rsaSHA256);

    private SignatureProof() {}

    /** Whether a login by this key could ever be verified: known algorithm, readable key that fits it, sane size. */
    public static boolean isUsable(SshPublicKey key) {
        try {
            return parse(key).isPresent();
        } catch (GeneralSecurityException | IOException | RuntimeException e) {
            LOG.debug("A public key that a client offered cannot be used", e);
            return false;
        }
    }

    /**
     * Whether the signature was made with the private half of this key, for this SSH session and for this user.
     *
     * @param user the name exactly as the client sent it
     */
    public static boolean verify(SshPublicKey key, SshSignature proof, String user) {
        try {
            Optional<PublicKey> parsed = parse(key);
            return parsed.isPresent() && verify(parsed.get(), key, proof, user);
        } catch (Exception e) { // a login is refused whatever goes wrong in it
            LOG.debug("A public key signature cannot be verified", e);
            return false;
        }
    }

    private static Optional<PublicKey> parse(SshPublicKey key) throws GeneralSecurityException, IOException {
        byte[] blob = key.blob();
        if (blob.length > KEY_BYTES || algorithm(key.algorithm()).isEmpty()) {
            return Optional.empty();
        }
        ByteArrayBuffer buffer = new ByteArrayBuffer(blob);
        String type = buffer.getString();
        if (!type.equals(KeyUtils.getCanonicalKeyType(key.algorithm()))) {
            return Optional.empty();
        }
        buffer.rpos(0);
        PublicKey parsed = buffer.getRawPublicKey();
        if (parsed == null || buffer.available() > 0) {
            return Optional.empty();
        }
        if (parsed instanceof RSAPublicKey rsa) {
            int bits = rsa.getModulus().bitLength();
            if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) {
                return Optional.empty();
            }
        }
        return Optional.of(parsed);
    }

    private static boolean verify(PublicKey parsed, SshPublicKey key, SshSignature proof, String user)
            throws Exception {
        byte[] sessionId = proof.sshSessionId();
        byte[] signature = proof.signature();
        Optional<BuiltinSignatures> algorithm = algorithm(key.algorithm());
        if (algorithm.isEmpty()
                || sessionId.length == 0
                || sessionId.length > SESSION_ID_BYTES
                || signature.length > SIGNATURE_BYTES) {
            return false;
        }
        ByteArrayBuffer head = new ByteArrayBuffer(signature);
        if (!head.getString().equals(key.algorithm())) {
            return false;
        }
        Signature verifier = algorithm.get().create();
        verifier.initVerifier(null, parsed);
        verifier.update(null, signedData(sessionId, key, user));
        return verifier.verify(null, signature);
    }

    private static byte[] signedData(byte[] sessionId, SshPublicKey key, String user) {
        ByteArrayBuffer data = new ByteArrayBuffer();
        data.putBytes(sessionId);
        data.putByte(SshConstants.SSH_MSG_USERAUTH_REQUEST);
        data.putString(user);
        data.putString("ssh-connection");
        data.putString("publickey");
        data.putBoolean(true);
        data.putString(key.algorithm());
        data.putBytes(key.blob());
        return data.getCompactData();
    }

    private static Optional<BuiltinSignatures> algorithm(String name) {
        return ALGORITHMS.stream()
                .filter(known -> known.getName().equals(name) && known.isSupported())
                .findFirst();
    }
}
