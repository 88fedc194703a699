package io.serai.server.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdminServerTest {
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient http = HttpClient.newHttpClient();
    private final ObjectMapper json = new ObjectMapper();
    private boolean ready = true;
    private AdminServer server;

    @BeforeEach
    void start() {
        TokenCheck tokens = token -> switch (token) {
            case "look" -> Optional.of(new Caller("viewer", Role.VIEWER));
            case "work" -> Optional.of(new Caller("operator", Role.OPERATOR));
            default -> Optional.empty();
        };
        List<ApiOperation> operations = List.of(
                ApiOperation.get("/api/v1/things/{name}", "One thing", AdminServerTest::thing),
                ApiOperation.get(
                        "/api/v1/things",
                        "Things",
                        request -> Map.of("limit", request.queryNumber("limit", 50, 100)),
                        ApiOperation.parameter("limit", "at most so many")),
                ApiOperation.post("/api/v1/things", Role.OPERATOR, "Make a thing", request -> {
                            return Map.of(
                                    "made",
                                    request.bodyText("name"),
                                    "by",
                                    request.caller().name());
                        })
                        .taking("name: text"));
        AdminServer.Observation observation = new AdminServer.Observation(
                () -> new AdminServer.Health(true, Map.of()),
                () -> new AdminServer.Health(ready, Map.of("database", ready ? "UP" : "DOWN")),
                () -> "serai_things 1\n");
        server = new AdminServer(
                vertx,
                new AdminServer.Listen("127.0.0.1", 0, Optional.empty()),
                tokens,
                operations,
                observation,
                "1.2.3");
        server.start();
    }

    private static Object thing(ApiRequest request) {
        return switch (request.pathValue("name")) {
            case "missing" -> throw new SeraiException(ErrorCode.NO_SUCH_OBJECT, "There is no thing \"missing\"");
            case "broken" -> throw new IllegalStateException("secret detail");
            default -> Map.of("name", request.pathValue("name"));
        };
    }

    @AfterEach
    void stop() throws Exception {
        server.stop();
        vertx.close().toCompletionStage().toCompletableFuture().get();
    }

    @Test
    void refusesCallsWithoutAValidToken() throws Exception {
        assertThat(get("/api/v1/things", null).statusCode()).isEqualTo(401);
        assertThat(get("/api/v1/things", "guess").statusCode()).isEqualTo(401);
        assertThat(get("/api/v1/nowhere", null).statusCode()).isEqualTo(401);
    }

    @Test
    void refusesWhatTheRoleMayNotDo() throws Exception {
        assertThat(post("/api/v1/things", "look", "{\"name\":\"a\"}").statusCode())
                .isEqualTo(403);
        HttpResponse<String> made = post("/api/v1/things", "work", "{\"name\":\"a\"}");
        assertThat(made.statusCode()).isEqualTo(200);
        assertThat(json.readTree(made.body()).path("by").asText()).isEqualTo("operator");
    }

    @Test
    void namesTheErrorAndTheMendButNoInternals() throws Exception {
        HttpResponse<String> missing = get("/api/v1/things/missing", "look");
        assertThat(missing.statusCode()).isEqualTo(404);
        assertThat(json.readTree(missing.body()).path("error").asText()).isEqualTo("NO_SUCH_OBJECT");
        HttpResponse<String> broken = get("/api/v1/things/broken", "look");
        assertThat(broken.statusCode()).isEqualTo(500);
        assertThat(broken.body()).doesNotContain("secret detail");
    }

    @Test
    void refusesParametersAndBodiesThatAreWrong() throws Exception {
        assertThat(get("/api/v1/things?limit=many", "look").body())
                .contains("limit")
                .contains("0 to 100");
        assertThat(get("/api/v1/things?limit=101", "look").statusCode()).isEqualTo(400);
        assertThat(post("/api/v1/things", "work", "{").statusCode()).isEqualTo(400);
        assertThat(post("/api/v1/things", "work", "{}").body()).contains("name");
        assertThat(post("/api/v1/things", "work", "").body()).contains("JSON body");
    }

    @Test
    void describesEveryOperation() throws Exception {
        JsonNode document = json.readTree(get("/openapi.json", null).body());
        assertThat(document.path("openapi").asText()).startsWith("3.1");
        assertThat(document.at("/info/version").asText()).isEqualTo("1.2.3");
        JsonNode paths = document.path("paths");
        assertThat(paths.path("/api/v1/things").has("get")).isTrue();
        assertThat(paths.path("/api/v1/things").path("post").has("requestBody")).isTrue();
        assertThat(paths.path("/api/v1/things/{name}")
                        .at("/get/parameters/0/name")
                        .asText())
                .isEqualTo("name");
    }

    @Test
    void answersHealthAndMetricsWithoutAToken() throws Exception {
        assertThat(get("/observe/health", null).statusCode()).isEqualTo(200);
        ready = false;
        HttpResponse<String> impaired = get("/observe/health", null);
        assertThat(impaired.statusCode()).isEqualTo(503);
        assertThat(impaired.body()).contains("\"database\":\"DOWN\"");
        assertThat(get("/observe/health/live", null).statusCode()).isEqualTo(200);
        assertThat(get("/observe/metrics", null).body()).isEqualTo("serai_things 1\n");
    }

    @Test
    void saysWhichPortIsTaken() {
        AdminServer second = new AdminServer(
                vertx,
                new AdminServer.Listen("127.0.0.1", server.address().getPort(), Optional.empty()),
                token -> Optional.empty(),
                List.of(),
                new AdminServer.Observation(
                        () -> new AdminServer.Health(true, Map.of()),
                        () -> new AdminServer.Health(true, Map.of()),
                        () -> ""),
                "1.2.3");
        assertThatThrownBy(second::start)
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("127.0.0.1:" + server.address().getPort())
                .hasMessageContaining("admin.port");
    }

    private HttpResponse<String> get(String path, String token) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(server.url() + path)).GET(), token);
    }

    private HttpResponse<String> post(String path, String token, String body) throws IOException, InterruptedException {
        return send(
                HttpRequest.newBuilder(URI.create(server.url() + path)).POST(HttpRequest.BodyPublishers.ofString(body)),
                token);
    }

    private HttpResponse<String> send(HttpRequest.Builder request, String token)
            throws IOException, InterruptedException {
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
