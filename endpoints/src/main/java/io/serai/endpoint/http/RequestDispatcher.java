package io.serai.endpoint.http;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.PartnerPort;
import io.vertx.core.AsyncResult;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes requests from the event loops, has workers make an {@link Outcome} of each and writes it or starts its flow.
 * Nothing here blocks an event loop.
 */
final class RequestDispatcher {
    private static final Logger LOG = LoggerFactory.getLogger(RequestDispatcher.class);
    private static final long UNREAD_BODY_MILLIS = 3_000;
    /** Bodies that are held at the same time before anybody knows whose they are. */
    private static final int EARLY_BODIES = 128;

    private final HttpServerEndpoint settings;
    private final LoginCache logins;
    private final PartnerFiles files;
    private final Vertx vertx;
    private final WorkerExecutor workers;
    private final ConcurrentMap<HttpConnection, ConnectionWatch> watches = new ConcurrentHashMap<>();
    /** Requests that are not over; its monitor guards the waiting for none. */
    private final Set<RunningRequest> running = ConcurrentHashMap.newKeySet();

    private final Semaphore earlyBodies = new Semaphore(EARLY_BODIES);

    private volatile boolean isDraining;

    RequestDispatcher(
            HttpServerEndpoint settings, PartnerPort port, LoginCache logins, Vertx vertx, WorkerExecutor workers) {
        this.settings = settings;
        this.logins = logins;
        this.files = new PartnerFiles(port);
        this.vertx = vertx;
        this.workers = workers;
    }

    /** A request that is not over, and how to break it off. */
    private static final class RunningRequest {
        private volatile Consumer<String> breaker = reason -> {};
    }

    void watch(HttpConnection connection) {
        if (isDraining) {
            connection.close();
            return;
        }
        ConnectionWatch watch = new ConnectionWatch(vertx, connection, settings.getRequestTimeout());
        watches.put(connection, watch);
        watch.waiting();
    }

    void unwatch(HttpConnection connection) {
        ConnectionWatch watch = watches.remove(connection);
        if (watch != null) {
            watch.stop();
        }
    }

    void handle(HttpServerRequest request) {
        request.pause();
        if (isDraining || running.size() >= settings.getMaxRequests()) {
            refuse(request, new SeraiException(ErrorCode.BUSY, "Too many requests at the same time"));
            return;
        }
        if (request.method().name().equals("OPTIONS")) {
            write(request, Reply.of(204).with("Allow", PartnerFiles.METHODS));
            return;
        }
        HttpCall call;
        try {
            call = HttpCall.of(request, settings.getListener());
        } catch (SeraiException e) {
            refuse(request, e);
            return;
        } catch (IllegalArgumentException e) {
            refuse(request, new SeraiException(ErrorCode.INVALID, "The query of the request cannot be read", e));
            return;
        }
        RunningRequest entry = new RunningRequest();
        running.add(entry);
        ConnectionWatch watch = watches.get(request.connection());
        if (watch != null) {
            watch.busy();
        }
        Runnable over = () -> {
            if (watch != null) {
                watch.idle();
            }
            synchronized (running) {
                running.remove(entry);
                running.notifyAll();
            }
        };
        if (EarlyBody.isExpected(request) && call.credentials().isPresent() && earlyBodies.tryAcquire()) {
            EarlyBody.take(
                    vertx,
                    request,
                    body -> work(request, call.with(body), entry, () -> {
                        earlyBodies.release();
                        over.run();
                    }));
        } else {
            work(request, call, entry, over);
        }
    }

    private void work(HttpServerRequest request, HttpCall call, RunningRequest entry, Runnable over) {
        workers.executeBlocking(() -> outcome(call), false).onComplete(result -> proceed(request, entry, result, over));
    }

    private Outcome outcome(HttpCall call) {
        Credentials credentials = call.credentials()
                .orElseThrow(() -> new SeraiException(ErrorCode.LOGIN_REFUSED, "Log in with user and password"));
        for (int attempt = 1; ; attempt++) {
            HttpSession.Use use = logins.use(credentials, call.origin());
            Outcome outcome;
            try {
                outcome = files.answer(call, use);
            } catch (RuntimeException e) {
                boolean isForgotten = e instanceof SeraiException refusal && refusal.code() == ErrorCode.NO_SESSION;
                if (isForgotten) {
                    logins.forget(use.session());
                }
                use.close();
                if (isForgotten && attempt == 1) {
                    continue;
                }
                throw e;
            }
            if (outcome instanceof Reply || outcome instanceof Outcome.Refused) {
                use.close();
            }
            return outcome;
        }
    }

    private void proceed(HttpServerRequest request, RunningRequest entry, AsyncResult<Outcome> result, Runnable over) {
        if (result.failed()) {
            refuse(request, refusal(result.cause()));
            over.run();
            return;
        }
        Outcome outcome = result.result();
        if (outcome instanceof Reply reply) {
            write(request, reply);
            over.run();
        } else if (outcome instanceof Outcome.Refused refused) {
            refuse(request, refused.why(), refused.headers());
            over.run();
        } else if (outcome instanceof Outcome.Download download) {
            DownloadFlow flow = new DownloadFlow(vertx, request, download, workers, over);
            register(entry, download.use(), flow::breakOff);
            addSafetyHeaders(request.response());
            request.resume();
            flow.start();
        } else if (outcome instanceof Outcome.Upload upload) {
            UploadFlow flow = new UploadFlow(vertx, request, upload, workers, end -> {
                if (end instanceof UploadFlow.Refused refused) {
                    refuse(request, refused.why());
                } else if (end instanceof UploadFlow.Stored stored) {
                    write(request, stored.reply());
                }
                over.run();
            });
            register(entry, upload.use(), flow::breakOff);
            flow.start();
        }
    }

    private void register(RunningRequest entry, HttpSession.Use use, Consumer<String> breaker) {
        var context = vertx.getOrCreateContext();
        Consumer<String> onItsLoop = reason -> context.runOnContext(v -> breaker.accept(reason));
        entry.breaker = onItsLoop;
        use.onBreakOff(onItsLoop);
    }

    /** @return whether all requests were over within the limit */
    boolean drain(Duration limit) {
        isDraining = true;
        long deadline = System.nanoTime() + limit.toNanos();
        synchronized (running) {
            while (!running.isEmpty()) {
                long leftMillis = (deadline - System.nanoTime()) / 1_000_000;
                if (leftMillis <= 0) {
                    return false;
                }
                try {
                    running.wait(leftMillis);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
        }
        return true;
    }

    void breakOffAll(String reason) {
        running.forEach(entry -> entry.breaker.accept(reason));
    }

    private static SeraiException refusal(Throwable cause) {
        return cause instanceof SeraiException known
                ? known
                : new SeraiException(ErrorCode.DEFECT, "A request failed: " + cause, cause);
    }

    private void refuse(HttpServerRequest request, SeraiException refusal) {
        refuse(request, refusal, Map.of());
    }

    private void refuse(HttpServerRequest request, SeraiException refusal, Map<String, String> headers) {
        switch (refusal.kind()) {
            case DEFECT, SETUP -> LOG.error("{} {} failed", request.method(), loggable(request), refusal);
            case RESOURCE, REMOTE, FENCED ->
                LOG.warn("{} {} cannot be served: {}", request.method(), loggable(request), refusal.text());
            case PARTNER -> LOG.debug("{} {} refused: {}", request.method(), loggable(request), refusal.text());
        }
        String message = HttpErrors.message(refusal);
        boolean asText = HttpCall.acceptsExplicitly(request.headers(), "text/");
        Reply reply = asText
                ? Reply.of(HttpErrors.status(refusal.code()), "text/plain; charset=utf-8", message + "\n")
                : Reply.of(
                        HttpErrors.status(refusal.code()),
                        "application/json",
                        new JsonObject()
                                .put("error", refusal.code().name())
                                .put("message", message)
                                .encode());
        if (reply.status() == 401) {
            reply = reply.with("WWW-Authenticate", "Basic realm=\"files\", charset=\"UTF-8\"");
        } else if (reply.status() == 503) {
            reply = reply.with("Retry-After", "10");
        }
        for (Map.Entry<String, String> header : headers.entrySet()) {
            reply = reply.with(header.getKey(), header.getValue());
        }
        write(request, reply);
    }

    private static String loggable(HttpServerRequest request) {
        return String.valueOf(request.uri()).replaceAll("[^\\x21-\\x7e]", "?");
    }

    private void write(HttpServerRequest request, Reply reply) {
        HttpServerResponse response = request.response();
        if (response.closed() || response.ended() || response.headWritten()) {
            return;
        }
        addSafetyHeaders(response);
        response.setStatusCode(reply.status());
        reply.headers().forEach(response::putHeader);
        boolean isUnread = !request.isEnded();
        boolean clientWaits = isUnread && request.headers().contains("Expect");
        if ((isDraining || clientWaits) && request.version() != HttpVersion.HTTP_2) {
            response.putHeader("Connection", "close");
        }
        var ended = reply.status() == 204 || request.method().name().equals("HEAD")
                ? response.end()
                : response.end(reply.body());
        if (isUnread) {
            ended.onSuccess(v -> dropBody(request));
        }
    }

    /** Reads on for a moment: a close with unread bytes would take the answer away from the client. */
    private void dropBody(HttpServerRequest request) {
        if (request.isEnded()) {
            return;
        }
        request.resume();
        if (request.version() == HttpVersion.HTTP_2) {
            request.response().reset(0);
            return;
        }
        vertx.setTimer(UNREAD_BODY_MILLIS, timer -> {
            if (!request.isEnded()) {
                request.connection().close();
            }
        });
    }

    private static void addSafetyHeaders(HttpServerResponse response) {
        response.putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Content-Security-Policy", "sandbox allow-downloads; default-src 'none'; form-action 'none'")
                .putHeader("Referrer-Policy", "no-referrer")
                .putHeader("Cache-Control", "private, no-cache");
    }
}
