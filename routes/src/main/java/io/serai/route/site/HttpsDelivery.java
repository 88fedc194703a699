package io.serai.route.site;

import io.serai.cluster.ledger.Deliveries;
import io.serai.cluster.ledger.Deliveries.Delivery;
import io.serai.cluster.ledger.Deliveries.Stage;
import io.serai.cluster.ledger.Deliveries.Target;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import io.serai.route.site.connection.HttpsConnection;
import io.serai.route.site.connection.HttpsConnection.Answer;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.connection.SiteFailures;
import io.serai.route.site.connection.StopSwitch;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a file gets to a site by HTTPS: one request under its final name, with the transfer's id as
 * {@code Idempotency-Key}. The last bytes are held back until the intent is recorded, so that an attempt that finds no
 * record knows that no request was complete. One that finds it asks the site (HEAD): a file of the same size that is
 * younger than the event is the one that was sent; else the request is made again under the same key.
 */
final class HttpsDelivery {
    private static final Logger LOG = LoggerFactory.getLogger(HttpsDelivery.class);
    private static final Duration CLOCKS_DIFFER = Duration.ofMinutes(2);

    private final Deliveries deliveries;
    private final SiteConnections connections;
    private final String method;

    HttpsDelivery(Deliveries deliveries, SiteConnections connections, String method) {
        this.deliveries = deliveries;
        this.connections = connections;
        this.method = method;
    }

    /** Delivers the parcel, or finds that it has been delivered. */
    void deliver(Parcel parcel, StopSwitch stop) {
        Site site = parcel.site();
        if (parcel.ifExists() == IfExists.RENAME) {
            throw new SeraiException(
                    ErrorCode.INVALID, "Site " + site.name() + " speaks https, which has no ifExists=rename");
        }
        try (SiteConnections.Place place = connections.enter(site, stop)) {
            deliver(parcel, stop, place);
        }
    }

    private void deliver(Parcel parcel, StopSwitch stop, SiteConnections.Place place) {
        Site site = parcel.site();
        Delivery delivery = deliveries.begin(
                parcel.event(),
                parcel.stepKey(),
                new Target(
                        site.name(),
                        site.protocol(),
                        SiteFailures.peer(site),
                        parcel.finalPath(),
                        parcel.finalPath(),
                        parcel.body().sha256(),
                        Optional.of(SiteAddresses.first(site))));
        if (delivery.stage() == Stage.DELIVERED) {
            LOG.debug("Transfer {}: {} has it already", delivery.transfer(), site.name());
            return;
        }
        HeldBackEntity entity = null;
        try (Cancelling cancelling = cancelling(delivery, stop);
                SiteConnections.Lease lease = place.connect(stop, SiteAddresses.only(site, delivery))) {
            HttpsConnection connection = lease.https();
            if (delivery.stage() == Stage.RENAMING && isThere(connection, parcel, delivery)) {
                lease.aside(() -> deliveries.delivered(
                        delivery, delivery.sizeBytes(), delivery.sha256().orElse("")));
                lease.keep();
                return;
            }
            refuseIfTaken(connection, parcel, delivery);
            entity = new HeldBackEntity(parcel.body(), connection.line(), lease::moved, (size, sha256) -> {
                Delivery here = SiteAddresses.reached(deliveries, site, delivery, lease);
                lease.aside(() -> deliveries.renaming(here, size, sha256));
            });
            send(connection, parcel, delivery, entity);
            HeldBackEntity sent = entity;
            lease.aside(() -> deliveries.delivered(delivery, sent.count(), sent.sha256()));
            lease.keep();
        } catch (SeraiException e) {
            failed(delivery, e, entity == null ? 0 : entity.count());
            throw e;
        }
    }

    private void send(HttpsConnection connection, Parcel parcel, Delivery delivery, HeldBackEntity entity) {
        Map<String, String> headers = new HashMap<>();
        headers.put("Idempotency-Key", delivery.transfer().toString());
        headers.put("Content-Type", "application/octet-stream");
        if (parcel.ifExists() == IfExists.FAIL) {
            headers.put("If-None-Match", "*");
        }
        Answer answer;
        try {
            answer = connection.request(method, delivery.finalName(), headers, entity);
        } catch (SeraiException e) {
            if (e.code() != ErrorCode.CANCELLED) {
                entity.checkSource();
            }
            throw e;
        }
        check(connection, answer);
        LOG.info(
                "Transfer {}: delivered to {} by {} {}, {} bytes",
                delivery.transfer(),
                parcel.site().name(),
                method,
                delivery.finalName(),
                entity.count());
    }

    /** Whether the request of an earlier attempt, whose answer was lost, had its effect. */
    private boolean isThere(HttpsConnection connection, Parcel parcel, Delivery delivery) {
        if (!method.equals("PUT")) {
            return false;
        }
        Answer answer = connection.request("HEAD", delivery.finalName(), Map.of(), null);
        boolean sameSize = answer.status() == 200
                && answer.header("Content-Length")
                        .filter(length -> length.equals(Long.toString(delivery.sizeBytes())))
                        .isPresent();
        // An older file of the same name and size, such as yesterday's, must not pass for this one.
        Instant begun = parcel.event().created().minus(CLOCKS_DIFFER);
        boolean young = answer.header("Last-Modified")
                .map(HttpsDelivery::instant)
                .filter(modified -> modified.isAfter(begun))
                .isPresent();
        return sameSize && young;
    }

    private static Instant instant(String date) {
        try {
            return Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date));
        } catch (DateTimeException e) {
            return Instant.EPOCH;
        }
    }

    private void refuseIfTaken(HttpsConnection connection, Parcel parcel, Delivery delivery) {
        if (parcel.ifExists() == IfExists.FAIL
                && connection
                                .request("HEAD", delivery.finalName(), Map.of(), null)
                                .status()
                        == 200) {
            throw connection
                    .failures()
                    .of(ErrorCode.SITE_REJECTED, "it has a file of that name already and the step says ifExists=fail");
        }
    }

    private static void check(HttpsConnection connection, Answer answer) {
        int status = answer.status();
        if (status >= 200 && status < 300) {
            return;
        }
        String shown = status + " " + answer.text();
        throw switch (status) {
            case 401, 403 -> connection.failures().loginRefused(shown);
            case 408, 425, 429 -> connection.failures().of(ErrorCode.SITE_FAILED, "it answered " + shown);
            default ->
                connection
                        .failures()
                        .of(status >= 500 ? ErrorCode.SITE_FAILED : ErrorCode.SITE_REJECTED, "it answered " + shown);
        };
    }

    private void failed(Delivery delivery, SeraiException reason, long bytesSent) {
        if (reason.kind() == ErrorKind.FENCED) {
            return;
        }
        try {
            deliveries.failed(delivery, reason.code(), reason.text(), bytesSent, List.of());
        } catch (
                RuntimeException e) { // the reason that counts is the first one; the ledger's row is closed by takeover
            reason.addSuppressed(e);
        }
    }

    private Cancelling cancelling(Delivery delivery, StopSwitch stop) {
        AutoCloseable registered = deliveries.onCancel(delivery.transfer(), stop::pull);
        return () -> {
            try {
                registered.close();
            } catch (Exception e) {
                LOG.warn("Transfer {}: its cancel action could not be removed", delivery.transfer(), e);
            }
        };
    }

    /** A registered cancel action. */
    private interface Cancelling extends AutoCloseable {
        @Override
        void close();
    }
}
