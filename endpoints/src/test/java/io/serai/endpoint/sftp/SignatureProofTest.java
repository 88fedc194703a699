package io.serai.endpoint.sftp;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import java.security.KeyPair;
import java.util.Arrays;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.signature.BuiltinSignatures;
import org.apache.sshd.common.signature.Signature;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SignatureProofTest {
    private static final byte[] SESSION = new byte[32];

    @ParameterizedTest
    @CsvSource({
        "ssh-ed25519,256,ed25519",
        "ecdsa-sha2-nistp256,256,nistp256",
        "ecdsa-sha2-nistp521,521,nistp521",
        "ssh-rsa,2048,rsaSHA512",
        "ssh-rsa,2048,rsaSHA256"
    })
    void takesTheRightSignatureAndNoOther(String type, int bits, BuiltinSignatures algorithm) throws Exception {
        KeyPair pair = KeyUtils.generateKeyPair(type, bits);
        SshPublicKey key = publicKey(algorithm.getName(), pair);
        byte[] signature = sign(algorithm, pair, key, "acme");
        SshSignature proof = new SshSignature(SESSION, signature);

        assertThat(SignatureProof.isUsable(key)).isTrue();
        assertThat(SignatureProof.verify(key, proof, "acme")).isTrue();
        assertThat(SignatureProof.verify(key, proof, "admin"))
                .as("another user")
                .isFalse();
        assertThat(SignatureProof.verify(key, new SshSignature(new byte[] {1}, signature), "acme"))
                .as("another session")
                .isFalse();
        SshPublicKey other = publicKey(algorithm.getName(), KeyUtils.generateKeyPair(type, bits));
        assertThat(SignatureProof.verify(other, proof, "acme"))
                .as("another key")
                .isFalse();
        for (int cut : new int[] {0, 1, 4, signature.length / 2, signature.length - 1}) {
            assertThat(SignatureProof.verify(key, new SshSignature(SESSION, Arrays.copyOf(signature, cut)), "acme"))
                    .as("cut at %d", cut)
                    .isFalse();
        }
        signature[signature.length - 1] ^= 1;
        assertThat(SignatureProof.verify(key, new SshSignature(SESSION, signature), "acme"))
                .as("a flipped bit")
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({"ssh-rsa,1024,rsaSHA512", "ssh-rsa,2048,rsa", "ssh-dss,1024,dsa"})
    void takesNoWeakKeysAndAlgorithms(String type, int bits, BuiltinSignatures algorithm) throws Exception {
        KeyPair pair = KeyUtils.generateKeyPair(type, bits);
        SshPublicKey key = publicKey(algorithm.getName(), pair);
        assertThat(SignatureProof.isUsable(key)).isFalse();
        SshSignature proof = new SshSignature(SESSION, sign(algorithm, pair, key, "acme"));
        assertThat(SignatureProof.verify(key, proof, "acme")).isFalse();
    }

    private static SshPublicKey publicKey(String algorithm, KeyPair pair) {
        Buffer blob = new ByteArrayBuffer();
        blob.putRawPublicKey(pair.getPublic());
        return new SshPublicKey(algorithm, blob.getCompactData());
    }

    private static byte[] sign(BuiltinSignatures algorithm, KeyPair pair, SshPublicKey key, String user)
            throws Exception {
        Buffer data = new ByteArrayBuffer();
        data.putBytes(SESSION);
        data.putByte(SshConstants.SSH_MSG_USERAUTH_REQUEST);
        data.putString(user);
        data.putString("ssh-connection");
        data.putString("publickey");
        data.putBoolean(true);
        data.putString(algorithm.getName());
        data.putBytes(key.blob());
        Signature signer = algorithm.create();
        signer.initSigner(null, pair.getPrivate());
        signer.update(null, data.getCompactData());
        Buffer signature = new ByteArrayBuffer();
        signature.putString(algorithm.getName());
        signature.putBytes(signer.sign(null));
        return signature.getCompactData();
    }
}
