package io.serai.endpoint.ftp;

/** When a control connection turns to TLS. */
public enum FtpTls {
    /** By AUTH TLS, which must come before a login (RFC 4217). */
    EXPLICIT,
    /** From the first byte on. */
    IMPLICIT,
    /** By AUTH TLS, if the client likes to; for tests of a closed network. */
    OPTIONAL
}
