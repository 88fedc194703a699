package io.serai.endpoint;

/**
 * The proof in a public key login (RFC 4252 section 7).
 *
 * @param sshSessionId the session identifier of the SSH key exchange, which the signed data begins with
 * @param signature the signature blob as the client sent it (string algorithm, string signature)
 */
@SuppressWarnings("ArrayRecordComponent") // a proof is used once and never compared
public record SshSignature(byte[] sshSessionId, byte[] signature) {
    public SshSignature {
        sshSessionId = sshSessionId.clone();
        signature = signature.clone();
    }

    @Override
    public String toString() {
        return "SshSignature";
    }
}
