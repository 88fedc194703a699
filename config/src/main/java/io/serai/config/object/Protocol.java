package io.serai.config.object;

/** The protocols that partners and sites speak; the word in YAML and in the ledger is the name in lower case. */
public enum Protocol {
    SFTP,
    FTPS,
    HTTPS
}
