package io.serai.config.object;

/** What an account may do in its home; the word in YAML is the name in lower case. */
public enum Permission {
    READ,
    WRITE,
    LIST,
    DELETE,
    RENAME,
    MKDIR
}
