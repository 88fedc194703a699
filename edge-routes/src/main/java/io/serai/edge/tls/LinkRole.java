package io.serai.edge.tls;

import org.bouncycastle.asn1.x509.KeyPurposeId;

/** The two roles. A certificate of one does not work for the other. */
public enum LinkRole {
    /** Dials: the TLS client. */
    SERVER(KeyPurposeId.id_kp_clientAuth),
    /** Accepts: the TLS server. */
    EDGE(KeyPurposeId.id_kp_serverAuth);

    private final KeyPurposeId purpose;

    LinkRole(KeyPurposeId purpose) {
        this.purpose = purpose;
    }

    KeyPurposeId purpose() {
        return purpose;
    }

    LinkRole other() {
        return this == SERVER ? EDGE : SERVER;
    }
}
