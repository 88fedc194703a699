package io.serai.config.secret;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * How an operator gives a secret: the secret itself, {@code env:NAME} for an environment variable or {@code file:PATH}
 * for the content of a file. References are resolved where the command runs that reads the document, never on a server
 * that merely receives it. {@code literal:} before a secret that itself begins with {@code env:} or {@code file:} takes
 * it as it is.
 */
public sealed interface SecretSource {
    /** The secret itself. */
    record Literal(SecretText secret) implements SecretSource {}

    /** {@code env:NAME}. */
    record Variable(String name) implements SecretSource {
        @Override
        public String toString() {
            return ENV + name;
        }
    }

    /** {@code file:PATH}. */
    record Content(Path path) implements SecretSource {
        @Override
        public String toString() {
            return FILE + path;
        }
    }

    /** The marks that begin a reference. */
    String ENV = "env:";

    String FILE = "file:";
    String LITERAL = "literal:";

    /** The names that environment variables may have. */
    Pattern VARIABLE_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /**
     * Reads what stands in a document or a setting.
     *
     * @param folder what a relative {@code file:} path is taken from: the folder of the document
     * @throws SeraiException with code INVALID for a reference that cannot be right
     */
    static SecretSource parse(String text, Path folder) {
        if (text.startsWith(LITERAL)) {
            return new Literal(new SecretText(text.substring(LITERAL.length())));
        }
        if (text.startsWith(ENV)) {
            String name = text.substring(ENV.length());
            if (!VARIABLE_NAME.matcher(name).matches()) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "after env: the name of an environment variable is expected, such as env:WAREHOUSE_PASSWORD; a"
                                + " secret that begins with env: is written literal:env:…");
            }
            return new Variable(name);
        }
        if (text.startsWith(FILE)) {
            String path = text.substring(FILE.length());
            if (path.isBlank() || path.indexOf('\0') >= 0) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "after file: the path of a file is expected, such as file:/run/secrets/warehouse");
            }
            return new Content(folder.resolve(path).normalize());
        }
        return new Literal(new SecretText(text));
    }
}
