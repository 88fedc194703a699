package io.serai.config.object;

import io.serai.config.name.LibraryName;

/**
 * A JAR with classes for custom steps. The bytes are kept by their checksum; this says which are in force, and who vouches
 * for them.
 *
 * @param sha256 of the JAR, in hexadecimal
 * @param signature the Ed25519 signature of the JAR's bytes, in Base64
 */
public record Library(LibraryName name, String sha256, long sizeBytes, String signature) implements ConfigObject {
    @Override
    public ObjectKind kind() {
        return ObjectKind.LIBRARY;
    }

    @Override
    public String objectName() {
        return name.value();
    }
}
