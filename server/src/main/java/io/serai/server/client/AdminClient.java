package io.serai.server.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.server.admin.ObjectsApi;
import io.serai.server.node.NodeFile;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Calls the admin API of a server: that of the local home, or the one that SERAI_SERVER and SERAI_TOKEN name. With TLS the
 * local home's server must present exactly the certificate that its run file tells, whatever name that is for; any other
 * server's must be of an authority that Java trusts, for its host name.
 */
public final class AdminClient {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration READ_LIMIT = Duration.ofMinutes(2);

    /** Above that of the server's idle connections, so that its answer comes before this gives up. */
    private static final Duration CHANGE_LIMIT = ObjectsApi.Changes.LIMIT.plusSeconds(60);

    private final URI server;
    private final String token;
    private final HttpClient http;

    private AdminClient(URI server, String token, List<String> fingerprints) {
        this.server = server;
        this.token = token;
        HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5));
        if (!fingerprints.isEmpty()) {
            builder.sslContext(PinnedTls.context(Set.copyOf(fingerprints)));
        }
        this.http = builder.build();
    }

    /** Finds the server: the environment first, then the run file of the home. */
    public static AdminClient of(Path home, Map<String, String> environment) {
        String server = environment.get("SERAI_SERVER");
        String token = environment.get("SERAI_TOKEN");
        if (server != null && !server.isBlank()) {
            if (token == null || token.isBlank()) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "SERAI_SERVER is set, so SERAI_TOKEN must hold a token (serai token create NAME)");
            }
            return new AdminClient(safe(URI.create(server)), token, List.of());
        }
        NodeFile node = NodeFile.read(home)
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT,
                        "No server runs on " + home + ". Start one with \"serai up --home " + home
                                + "\", or name another home with --home or SERAI_HOME"));
        return new AdminClient(
                URI.create(node.admin()), token == null ? localToken(home) : token, node.adminFingerprints());
    }

    /** A token must not travel in clear. */
    private static URI safe(URI server) {
        boolean loopback = server.getHost() != null
                && (server.getHost().equals("localhost")
                        || server.getHost().startsWith("127.")
                        || server.getHost().equals("[::1]"));
        if (!"https".equals(server.getScheme()) && !loopback) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "SERAI_SERVER is " + server
                            + "; name another machine's server with https://, for the token would be"
                            + " sent in clear");
        }
        return server;
    }

    private static String localToken(Path home) {
        Path file = NodeFile.adminToken(home);
        try {
            return Files.readString(file).trim();
        } catch (IOException e) {
            throw new SeraiException(
                    ErrorCode.PERMISSION_DENIED,
                    "The admin token " + file + " cannot be read: run this as the server's user, or set SERAI_TOKEN",
                    e);
        }
    }

    public JsonNode get(String path, Map<String, String> query) {
        StringBuilder uri = new StringBuilder(path);
        char separator = '?';
        for (Map.Entry<String, String> entry : query.entrySet()) {
            uri.append(separator).append(entry.getKey()).append('=').append(encode(entry.getValue()));
            separator = '&';
        }
        return send("GET", uri.toString(), null);
    }

    public JsonNode get(String path) {
        return get(path, Map.of());
    }

    public JsonNode post(String path, @Nullable Object body) {
        return send("POST", path, body);
    }

    public JsonNode delete(String path) {
        return send("DELETE", path, null);
    }

    public static String encode(String segment) {
        return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** A query's parameters, without those that are absent. */
    public static Map<String, String> query(@Nullable String... namesAndValues) {
        Map<String, String> query = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            String name = namesAndValues[i];
            String value = namesAndValues[i + 1];
            if (name != null && value != null) {
                query.put(name, value);
            }
        }
        return query;
    }

    private JsonNode send(String method, String path, @Nullable Object body) {
        try {
            HttpRequest request = HttpRequest.newBuilder(server.resolve(path))
                    .timeout(method.equals("GET") ? READ_LIMIT : CHANGE_LIMIT)
                    .header("Authorization", "Bearer " + token)
                    .header("Content-Type", "application/json")
                    .method(
                            method,
                            body == null
                                    ? HttpRequest.BodyPublishers.noBody()
                                    : HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)))
                    .build();
            HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
            JsonNode answer = JSON.readTree(response.body());
            if (response.statusCode() >= 300) {
                throw refusal(response.statusCode(), answer);
            }
            return answer;
        } catch (ConnectException e) {
            throw new SeraiException(
                    ErrorCode.NO_SUCH_OBJECT, "No server answers at " + server + "; is it running (serai status)?", e);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.BUSY, "The server at " + server + " did not answer: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SeraiException(ErrorCode.CANCELLED, "Interrupted", e);
        }
    }

    private static SeraiException refusal(int status, JsonNode answer) {
        String message = answer.path("message").asText("The server answered " + status);
        try {
            return new SeraiException(ErrorCode.valueOf(answer.path("error").asText()), message);
        } catch (IllegalArgumentException e) {
            return new SeraiException(ErrorCode.DEFECT, message, e);
        }
    }
}
