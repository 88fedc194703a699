package io.serai.config.secret;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.Map;

/**
 * Secrets that came along with the documents, by reference. A server uses this: it never looks into its own environment
 * or files for what somebody else's document names.
 */
public final class GivenSecrets implements SecretLookup {
    private final Map<String, SecretText> byReference;

    /** Takes what {@link LocalSecrets#found} returned on the other side. */
    public GivenSecrets(Map<String, SecretText> byReference) {
        this.byReference = Map.copyOf(byReference);
    }

    @Override
    public SecretText find(SecretSource source) {
        if (source instanceof SecretSource.Literal literal) {
            return literal.secret();
        }
        SecretText secret = byReference.get(source.toString());
        if (secret == null) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "the secret at " + source + " did not come along; apply the document with \"serai apply\", which"
                            + " resolves it where it runs");
        }
        return secret;
    }
}
