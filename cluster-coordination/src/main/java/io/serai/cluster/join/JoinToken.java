package io.serai.cluster.join;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.JoinSecret;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32;

/**
 * What {@code serai nodes invite} prints and {@code serai join} takes: one word. Whoever has it and can reach the
 * database gets the cluster's keys, once, until it expires.
 *
 * @param databaseUrl without user and password
 * @param databasePassword only when the operator asked for it
 * @param storageRoot the shared folder as the inviting node sees it
 */
public record JoinToken(
        UUID cluster,
        UUID invitation,
        JoinSecret secret,
        String databaseUrl,
        String databaseUser,
        Optional<SecretText> databasePassword,
        String storageRoot) {
    private static final String PREFIX = "serai-join-1.";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The token's text; it is a secret. */
    public String reveal() {
        ObjectNode node = JSON.createObjectNode();
        node.put("cluster", cluster.toString());
        node.put("invitation", invitation.toString());
        node.put("secret", secret.reveal());
        node.put("url", databaseUrl);
        node.put("user", databaseUser);
        databasePassword.ifPresent(password -> node.put("password", password.reveal()));
        node.put("root", storageRoot);
        try {
            byte[] bytes = JSON.writeValueAsBytes(node);
            return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes) + "." + sum(bytes);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads a token.
     *
     * @throws SeraiException {@code INVALID} when it is none, or not whole
     */
    public static JoinToken parse(String text) {
        String given = text.strip();
        int end = given.lastIndexOf('.');
        if (!given.startsWith(PREFIX) || end < PREFIX.length()) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "this is no token of \"serai nodes invite\": such a token begins with \"" + PREFIX + "\"");
        }
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(given.substring(PREFIX.length(), end));
            if (!sum(bytes).equals(given.substring(end + 1))) {
                throw damaged();
            }
            JsonNode node = JSON.readTree(bytes);
            return new JoinToken(
                    UUID.fromString(node.path("cluster").asText()),
                    UUID.fromString(node.path("invitation").asText()),
                    JoinSecret.of(node.path("secret").asText()),
                    node.path("url").asText(),
                    node.path("user").asText(),
                    Optional.ofNullable(node.get("password")).map(value -> new SecretText(value.asText())),
                    node.path("root").asText());
        } catch (IOException | IllegalArgumentException e) {
            SeraiException failure = damaged();
            failure.addSuppressed(e);
            throw failure;
        }
    }

    private static SeraiException damaged() {
        return new SeraiException(
                ErrorCode.INVALID,
                "the token is not whole: copy all of what \"serai nodes invite\" printed, as one word");
    }

    private static String sum(byte[] bytes) {
        CRC32 sum = new CRC32();
        sum.update(bytes);
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(Long.toHexString(sum.getValue()).getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public String toString() {
        return "JoinToken[cluster " + cluster + ", invitation " + invitation + "]";
    }
}
