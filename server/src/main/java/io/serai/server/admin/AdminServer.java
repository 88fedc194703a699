package io.serai.server.admin;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.tls.TlsIdentity;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the declared operations under {@code /api/v1}, their description at {@code /openapi.json}, health under
 * {@code /observe/health} and metrics at {@code /observe/metrics}. Plain HTTP is served on a loopback address only; on
 * any other address the certificate is required. {@link #start} returns when the port is bound.
 */
public final class AdminServer {
    private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
    private static final long BODY_LIMIT_BYTES = 16L << 20;

    /** A connection is idle while its call is being answered; a broken one would hide that a change was made. */
    static final Duration IDLE_LIMIT = ObjectsApi.Changes.LIMIT.plusSeconds(30);

    private final Vertx vertx;
    private final Listen listen;
    private final TokenCheck tokens;
    private final List<ApiOperation> operations;
    private final Observation observation;
    private final String version;
    private final ObjectMapper json = ApiJson.mapper();
    private @Nullable HttpServer server;

    /** Where to listen; the identity is needed for addresses that are not loopback. */
    public record Listen(String address, int port, Optional<TlsIdentity> identity) {}

    /** What is served without a token: health and metrics say nothing about partners. */
    public record Observation(Supplier<Health> live, Supplier<Health> ready, Supplier<String> metrics) {}

    /** A health answer; {@code up} decides between 200 and 503. */
    public record Health(boolean up, Map<String, Object> details) {}

    public AdminServer(
            Vertx vertx,
            Listen listen,
            TokenCheck tokens,
            List<ApiOperation> operations,
            Observation observation,
            String version) {
        this.vertx = vertx;
        this.listen = listen;
        this.tokens = tokens;
        this.operations = List.copyOf(operations);
        this.observation = observation;
        this.version = version;
    }

    public void start() {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(listen.address())
                .setPort(listen.port())
                .setIdleTimeout(Math.toIntExact(IDLE_LIMIT.toSeconds()))
                .setIdleTimeoutUnit(TimeUnit.SECONDS)
                .setMaxHeaderSize(16 << 10);
        if (tls()) {
            TlsIdentity identity = listen.identity().orElseThrow();
            options.setSsl(true)
                    .setKeyCertOptions(new PemKeyCertOptions()
                            .setCertValue(Buffer.buffer(identity.chainPem()))
                            .setKeyValue(Buffer.buffer(identity.keyPem())))
                    .setEnabledSecureTransportProtocols(java.util.Set.of("TLSv1.2", "TLSv1.3"));
        }
        try {
            server = vertx.createHttpServer(options)
                    .requestHandler(router())
                    .listen()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SeraiException(ErrorCode.BUSY, "Interrupted while the admin listener was starting", e);
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The admin listener cannot bind " + listen.address() + ":" + listen.port() + ": "
                            + (e.getCause() == null ? e : e.getCause()).getMessage()
                            + "; set admin.bind-address or admin.port to something free",
                    e);
        }
    }

    /** The address that is really bound. */
    public InetSocketAddress address() {
        if (server == null) {
            throw new IllegalStateException("the admin server is not started");
        }
        return new InetSocketAddress(listen.address(), server.actualPort());
    }

    public String url() {
        return (tls() ? "https://" : "http://") + hostForUrl() + ":" + address().getPort();
    }

    /** What it presents to clients, as {@code sha256/…} of the certificate; empty without TLS. */
    public List<String> fingerprints() {
        return tls() ? listen.identity().map(TlsIdentity::fingerprint).stream().toList() : List.of();
    }

    public void stop() {
        HttpServer running = server;
        if (running != null) {
            server = null;
            running.close();
        }
    }

    private String hostForUrl() {
        String host = listen.address().equals("0.0.0.0") ? "127.0.0.1" : listen.address();
        return host.contains(":") ? "[" + host + "]" : host;
    }

    private boolean tls() {
        try {
            return !InetAddress.getByName(listen.address()).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new SeraiException(
                    ErrorCode.INVALID, "admin.bind-address \"" + listen.address() + "\" is not an address", e);
        }
    }

    private Router router() {
        Router router = Router.router(vertx);
        router.get("/observe/health").blockingHandler(c -> health(c, observation.ready()), false);
        router.get("/observe/health/ready").blockingHandler(c -> health(c, observation.ready()), false);
        router.get("/observe/health/live").blockingHandler(c -> health(c, observation.live()), false);
        router.get("/observe/health/balancer")
                .blockingHandler(c -> balancerHealth(c, observation.ready().get()), false);
        router.get("/observe/metrics")
                .blockingHandler(
                        c -> c.response()
                                .putHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                                .end(observation.metrics().get()),
                        false);
        router.get("/openapi.json").handler(c -> answer(c, 200, OpenApi.document(operations, version)));
        router.route("/api/*").handler(this::authenticate);
        router.route("/api/*")
                .handler(
                        BodyHandler.create(false).setBodyLimit(BODY_LIMIT_BYTES).setHandleFileUploads(false));
        for (ApiOperation operation : operations) {
            String path = operation.path().replaceAll("\\{([a-zA-Z]+)}", ":$1");
            router.route(HttpMethod.valueOf(operation.method().name()), path)
                    .blockingHandler(context -> serve(operation, context), false);
        }
        router.route()
                .handler(c -> answer(
                        c,
                        404,
                        Map.of("error", "NO_SUCH_OBJECT", "message", "There is no such operation; see /openapi.json")));
        return router;
    }

    private void health(RoutingContext context, Supplier<Health> probe) {
        Health health = probe.get();
        Map<String, Object> answer = new java.util.LinkedHashMap<>();
        answer.put("status", health.up() ? "UP" : "DOWN");
        answer.putAll(health.details());
        answer(context, health.up() ? 200 : 503, answer);
    }

    /**
     * For load balancers that know a third state: 404 when the node only drains, so that it gets no new connections and
     * the present ones go on; 503 when it cannot work.
     */
    private void balancerHealth(RoutingContext context, Health health) {
        boolean works = !health.details().containsValue("DOWN");
        boolean drains = Boolean.TRUE.equals(health.details().get("draining"));
        String word = works ? drains ? "DRAINING" : "UP" : "DOWN";
        answer(context, health.up() ? 200 : works && drains ? 404 : 503, Map.of("status", word));
    }

    private void authenticate(RoutingContext context) {
        String header = context.request().getHeader("Authorization");
        if (header == null || !header.startsWith("Bearer ")) {
            admit(context, Optional.empty());
            return;
        }
        // The database may be asked, which must not hold up the event loop; nothing of the body is lost meanwhile.
        String token = header.substring("Bearer ".length()).trim();
        context.request().pause();
        context.vertx().executeBlocking(() -> tokens.verify(token), false).onComplete(verified -> {
            context.request().resume();
            admit(context, verified.succeeded() ? verified.result() : Optional.empty());
        });
    }

    private void admit(RoutingContext context, Optional<Caller> caller) {
        if (caller.isEmpty()) {
            context.response().putHeader("WWW-Authenticate", "Bearer realm=\"serai\"");
            answer(
                    context,
                    401,
                    Map.of(
                            "error",
                            "LOGIN_REFUSED",
                            "message",
                            "The call needs a valid token as Authorization: Bearer …"));
            return;
        }
        context.put("caller", caller.get());
        context.next();
    }

    private void serve(ApiOperation operation, RoutingContext context) {
        Caller caller = context.get("caller");
        if (!caller.role().includes(operation.role())) {
            answer(
                    context,
                    403,
                    Map.of(
                            "error",
                            "PERMISSION_DENIED",
                            "message",
                            "This needs the role " + operation.role().name().toLowerCase(java.util.Locale.ROOT)));
            return;
        }
        try {
            Map<String, String> query = new HashMap<>();
            context.queryParams().forEach(entry -> query.putIfAbsent(entry.getKey(), entry.getValue()));
            ApiRequest request = new ApiRequest(caller, context.pathParams(), query, body(context));
            answer(context, 200, operation.handler().handle(request));
        } catch (SeraiException e) {
            answer(context, status(e.code()), Map.of("error", e.code().name(), "message", e.text()));
        } catch (RuntimeException e) {
            LOG.error("Admin call {} {} failed", operation.method(), operation.path(), e);
            answer(context, 500, Map.of("error", "DEFECT", "message", "The call failed; the server's log says why"));
        }
    }

    private @Nullable JsonNode body(RoutingContext context) {
        Buffer buffer = context.body() == null ? null : context.body().buffer();
        if (buffer == null || buffer.length() == 0) {
            return null;
        }
        try {
            return json.readTree(buffer.getBytes());
        } catch (java.io.IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The body is not valid JSON: " + e.getMessage(), e);
        }
    }

    private void answer(RoutingContext context, int status, Object value) {
        try {
            context.response()
                    .setStatusCode(status)
                    .putHeader("Content-Type", "application/json")
                    .putHeader("Cache-Control", "no-store")
                    .putHeader("X-Content-Type-Options", "nosniff")
                    .end(Buffer.buffer(json.writeValueAsBytes(value)));
        } catch (JsonProcessingException e) {
            LOG.error("The answer cannot be written as JSON", e);
            context.response().setStatusCode(500).end();
        }
    }

    static int status(ErrorCode code) {
        return switch (code) {
            case NO_SUCH_FILE, NO_SUCH_OBJECT -> 404;
            case PERMISSION_DENIED -> 403;
            case LOGIN_REFUSED, NO_SESSION -> 401;
            case EXISTS, NOT_EMPTY, LOCKED, CONFLICT, OBJECT_IN_USE, CHANGED, CANCELLED -> 409;
            case INVALID, NAME_INVALID, NOT_A_FOLDER, IS_A_FOLDER, BAD_OFFSET, REJECTED_CONTENT, PARTNER_ABORT -> 400;
            case QUOTA, TOO_LARGE -> 413;
            case UNSUPPORTED -> 501;
            case SITE_UNREACHABLE,
                    SITE_PROXY_DOWN,
                    SITE_TIMEOUT,
                    SITE_FAILED,
                    SITE_LOGIN_REFUSED,
                    SITE_UNTRUSTED,
                    SITE_REJECTED,
                    UNKNOWN_OUTCOME,
                    STEP_FAILED -> 502;
            case NO_SPACE, DATABASE_DOWN, STORAGE_DOWN, BUSY, SITE_FULL, FENCED, INTERRUPTED -> 503;
            case DEFECT -> 500;
        };
    }
}
