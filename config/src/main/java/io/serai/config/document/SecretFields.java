package io.serai.config.document;

import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretLookup;
import io.serai.config.secret.SecretSource;
import io.serai.config.secret.SecretText;
import io.serai.config.yaml.YamlFields;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** The secret fields of one document: looked up, or noted as to be kept. */
final class SecretFields {
    /** What an export shows for a secret, and what keeps the stored secret when it is applied. */
    static final String KEEP = "********";

    private final YamlFields spec;
    private final SecretLookup lookup;
    private final Path folder;
    private final Set<String> kept = new HashSet<>();

    SecretFields(YamlFields spec, SecretLookup lookup, Path folder) {
        this.spec = spec;
        this.lookup = lookup;
        this.folder = folder;
    }

    Optional<SecretText> read(String field) {
        return spec.readSecret(field, this::find).flatMap(found -> {
            if (found.reveal().equals(KEEP)) {
                kept.add(field);
                return Optional.empty();
            }
            return Optional.of(found);
        });
    }

    /** Whether the field is given, be it readable or not. */
    boolean isGiven(String field) {
        return spec.has(field);
    }

    Set<String> kept() {
        return kept;
    }

    private SecretText find(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("is empty; give the secret, env:NAME or file:PATH, or remove the line");
        }
        try {
            return lookup.find(SecretSource.parse(text, folder));
        } catch (SeraiException e) {
            throw new IllegalArgumentException(e.text(), e);
        }
    }
}
