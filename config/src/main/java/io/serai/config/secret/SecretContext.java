package io.serai.config.secret;

import java.nio.charset.StandardCharsets;

/**
 * Where a secret belongs. It is authenticated together with the ciphertext, so that an encrypted value that was moved to
 * another object or field does not decrypt.
 *
 * @param kind the kind of the object, such as {@code Site}; without {@code /}
 * @param name the name of the object; without {@code /}
 * @param field the path of the field in its document, such as {@code spec.password}
 */
public record SecretContext(String kind, String name, String field) {
    public SecretContext {
        if (kind.isEmpty() || name.isEmpty() || field.isEmpty() || kind.contains("/") || name.contains("/")) {
            throw new IllegalArgumentException("a secret's context needs kind, name and field without '/'");
        }
    }

    byte[] associatedData() {
        return toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return kind + "/" + name + "/" + field;
    }
}
