package io.serai.config.secret;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Resolves references in the environment and the files of this process, and remembers what it found, so that a command
 * can send the documents together with their secrets to a server (see {@link GivenSecrets}). For one thread.
 */
public final class LocalSecrets implements SecretLookup {
    private static final int LONGEST_BYTES = 64 * 1024;

    private final Map<String, String> environment;
    private final Map<String, SecretText> found = new LinkedHashMap<>();

    public LocalSecrets(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    @Override
    public SecretText find(SecretSource source) {
        if (source instanceof SecretSource.Literal literal) {
            return literal.secret();
        }
        SecretText secret = source instanceof SecretSource.Variable variable
                ? variable(variable.name())
                : content(((SecretSource.Content) source).path());
        if (secret.reveal().isEmpty()) {
            throw new SeraiException(ErrorCode.INVALID, "the secret at " + source + " is empty");
        }
        found.put(source.toString(), secret);
        return secret;
    }

    /** What was found so far, by reference ({@code env:NAME}, {@code file:PATH}). */
    public Map<String, SecretText> found() {
        return Map.copyOf(found);
    }

    private SecretText variable(String name) {
        String value = environment.get(name);
        if (value == null) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "the environment variable " + name + " is not set; export it where this command runs");
        }
        return new SecretText(value);
    }

    /** The content as UTF-8, without the one line break that editors put at the end. */
    private static SecretText content(Path path) {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] bytes = in.readNBytes(LONGEST_BYTES + 1);
            if (bytes.length > LONGEST_BYTES) {
                throw new SeraiException(
                        ErrorCode.INVALID, "the file " + path + " is longer than 64 KiB, which no secret is");
            }
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return new SecretText(
                    text.endsWith("\r\n")
                            ? text.substring(0, text.length() - 2)
                            : text.endsWith("\n") ? text.substring(0, text.length() - 1) : text);
        } catch (NoSuchFileException e) {
            throw new SeraiException(
                    ErrorCode.INVALID, "the file " + path + " does not exist where this command runs", e);
        } catch (CharacterCodingException e) {
            throw new SeraiException(ErrorCode.INVALID, "the file " + path + " is not UTF-8 text", e);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "the file " + path + " cannot be read: " + e, e);
        }
    }
}
