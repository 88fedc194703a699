package io.serai.route.site;

import io.serai.cluster.ledger.Deliveries;
import io.serai.cluster.ledger.Deliveries.Delivery;
import io.serai.cluster.ledger.Deliveries.Part;
import io.serai.cluster.ledger.Deliveries.Stage;
import io.serai.cluster.ledger.Deliveries.Target;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import io.serai.route.site.connection.RemotePath;
import io.serai.route.site.connection.SiteConnection;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.connection.SiteFailures;
import io.serai.route.site.connection.StopSwitch;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a file gets to a site that has names (SFTP, FTPS) exactly once: the steps of the package's picture. Whatever ends an
 * attempt between two steps, the next one finds out from the recorded stage and the temporary name how far it came: the
 * temporary name is there before the rename and gone after it, even if the partner took the file away at once.
 */
final class FileDelivery {
    private static final Logger LOG = LoggerFactory.getLogger(FileDelivery.class);
    private static final int MOST_NAMES_TRIED = 1000;

    private final Deliveries deliveries;
    private final SiteConnections connections;

    FileDelivery(Deliveries deliveries, SiteConnections connections) {
        this.deliveries = deliveries;
        this.connections = connections;
    }

    /** Delivers the parcel, or finds that it has been delivered. */
    void deliver(Parcel parcel, StopSwitch stop) {
        // Before the intent is recorded: a delivery that has to wait for a place has not begun.
        try (SiteConnections.Place place = connections.enter(parcel.site(), stop)) {
            deliver(parcel, stop, place);
        }
    }

    private void deliver(Parcel parcel, StopSwitch stop, SiteConnections.Place place) {
        Site site = parcel.site();
        String temporary = RemotePath.in(parcel.folder(), parcel.temporaryName().of(parcel.event(), parcel.name()));
        Delivery delivery = deliveries.begin(
                parcel.event(),
                parcel.stepKey(),
                new Target(
                        site.name(),
                        site.protocol(),
                        SiteFailures.peer(site),
                        temporary,
                        parcel.finalPath(),
                        parcel.body().sha256(),
                        Optional.of(SiteAddresses.first(site))));
        if (delivery.stage() == Stage.DELIVERED) {
            LOG.debug("Transfer {}: {} has it already", delivery.transfer(), site.name());
            return;
        }
        try (Attempt attempt = new Attempt(parcel, delivery, stop, place)) {
            attempt.run();
        }
    }

    /** One attempt at one delivery; used by one thread. */
    private final class Attempt implements AutoCloseable {
        private final Parcel parcel;
        private Delivery delivery;
        private final StopSwitch stop;
        private final SiteConnections.Place place;
        private final AutoCloseable cancelling;
        private long bytesSent;
        private boolean renameRecorded;
        private @Nullable EarlierBytes earlier;
        /** Whether a file may have been created under the temporary name. */
        private boolean opened;

        Attempt(Parcel parcel, Delivery delivery, StopSwitch stop, SiteConnections.Place place) {
            this.place = place;
            this.parcel = parcel;
            this.delivery = delivery;
            this.stop = stop;
            renameRecorded = delivery.stage() == Stage.RENAMING;
            cancelling = deliveries.onCancel(delivery.transfer(), stop::pull);
        }

        void run() {
            try (SiteConnections.Lease lease = place.connect(stop, SiteAddresses.only(parcel.site(), delivery))) {
                delivery = SiteAddresses.reached(deliveries, parcel.site(), delivery, lease);
                if (delivery.stage() == Stage.RENAMING) {
                    resume(lease);
                } else {
                    EarlierBytes before = new EarlierBytes(parcel, delivery, lease.connection());
                    earlier = before;
                    send(lease, before.settle());
                }
                lease.keep();
            } catch (SeraiException e) {
                failed(e);
                throw e;
            } catch (RuntimeException e) {
                SeraiException defect = new SeraiException(
                        ErrorCode.DEFECT,
                        "Delivering " + delivery.transfer() + " to "
                                + parcel.site().name(),
                        e);
                failed(defect);
                throw defect;
            }
        }

        /** An earlier attempt was about to rename: the temporary file tells whether it did. */
        private void resume(SiteConnections.Lease lease) {
            var temporary = lease.connection().stat(delivery.tempName());
            if (temporary.isEmpty()) {
                LOG.info(
                        "Transfer {}: an earlier attempt's rename at {} had happened",
                        delivery.transfer(),
                        parcel.site().name());
                record(lease, delivery.sizeBytes(), delivery.sha256().orElse(""));
                removeReplaced(lease.connection());
                return;
            }
            long size = temporary.get().sizeBytes().orElse(delivery.sizeBytes());
            if (size == delivery.sizeBytes()) {
                rename(lease, size, delivery.sha256().orElse(""));
                removeReplaced(lease.connection());
            } else {
                // The site lost bytes that it had acknowledged; the name stays, because it is the recorded one.
                send(lease, 0);
            }
        }

        /** Sends what the site does not have yet: all but the first bytes, that an earlier attempt brought there. */
        private void send(SiteConnections.Lease lease, long there) {
            SiteConnection site = lease.connection();
            if (parcel.ifExists() == IfExists.FAIL
                    && site.stat(delivery.finalName()).isPresent()) {
                throw taken();
            }
            try {
                MeasuredBody body = transmit(lease, there);
                String sha256 = body.sha256();
                checkComplete(site, sha256);
                if (there > 0) {
                    checkJoined(site, sha256);
                }
                renameRecorded = true;
                lease.aside(() -> deliveries.renaming(delivery, bytesSent, sha256));
                rename(lease, bytesSent, sha256);
            } finally {
                tidy(site);
            }
        }

        /** Where a site turns out not to continue a file, all of it is sent. */
        private MeasuredBody transmit(SiteConnections.Lease lease, long there) {
            if (there == 0) {
                return transmitFrom(lease, 0);
            }
            SiteConnection site = lease.connection();
            try {
                return transmitFrom(lease, there);
            } catch (SeraiException e) {
                boolean refused = bytesSent <= there
                        && e.code() != ErrorCode.CANCELLED
                        && site.line().cut() == null;
                if (!refused || !site.alive()) {
                    throw e;
                }
                LOG.info(
                        "Transfer {}: {} does not continue a file ({}); all of it is sent",
                        delivery.transfer(),
                        parcel.site().name(),
                        e.text());
                return transmitFrom(lease, 0);
            }
        }

        private MeasuredBody transmitFrom(SiteConnections.Lease lease, long there) {
            SiteConnection site = lease.connection();
            MeasuredBody body = null;
            try (InputStream bytes = parcel.body().opener().open()) {
                body = new MeasuredBody(bytes, site.line(), lease::moved);
                opened = true;
                if (there > 0) {
                    body.pass(there);
                    site.storeFrom(delivery.tempName(), there, body);
                } else {
                    site.store(delivery.tempName(), body);
                }
                body.checkSource();
                bytesSent = body.count();
                return body;
            } catch (IOException e) {
                throw new SeraiException(
                        ErrorCode.STEP_FAILED, "The body that the route delivers could not be read or closed", e);
            } catch (RuntimeException e) {
                boolean cancelled = e instanceof SeraiException known && known.code() == ErrorCode.CANCELLED;
                if (body != null) {
                    bytesSent = body.count();
                    if (!cancelled) {
                        body.checkSource();
                    }
                }
                throw e;
            }
        }

        private void tidy(SiteConnection site) {
            // Only what no later attempt relies on may go; from the record of the rename on the name is evidence.
            if (!renameRecorded && site.line().cut() == null) {
                try {
                    site.delete(delivery.tempName());
                } catch (SeraiException e) {
                    LOG.debug("Transfer {}: its part is removed by the next attempt", delivery.transfer(), e);
                }
            }
        }

        private void checkComplete(SiteConnection site, String sha256) {
            long there = site.stat(delivery.tempName())
                    .orElseThrow(() -> failure("it lost the file while it was sent"))
                    .sizeBytes()
                    .orElse(bytesSent);
            if (there != bytesSent) {
                throw failure("it holds " + there + " of " + bytesSent + " bytes that it acknowledged");
            }
            parcel.body().sha256().filter(expected -> !expected.equals(sha256)).ifPresent(expected -> {
                throw new SeraiException(
                        ErrorCode.DEFECT,
                        "Transfer " + delivery.transfer() + ": the kept bytes have SHA-256 " + sha256 + " but "
                                + expected + " arrived; the shared file system changed them");
            });
        }

        /** What two attempts brought is one file: by the site's own word, where it has one. */
        private void checkJoined(SiteConnection site, String sha256) {
            site.sha256(delivery.tempName())
                    .filter(theirs -> !theirs.equals(sha256))
                    .ifPresent(theirs -> {
                        throw failure("the file that was continued has another checksum there; it is sent anew");
                    });
        }

        private void rename(SiteConnections.Lease lease, long size, String sha256) {
            SiteConnection site = lease.connection();
            String name = finalName(site);
            Optional<SiteConnection.Replaced> replaced =
                    parcel.ifExists() == IfExists.REPLACE ? Optional.of(replaced(lease)) : Optional.empty();
            // After an earlier attempt's record, somebody's rename of this very name is as good as ours.
            if (!site.rename(delivery.tempName(), name, replaced) && delivery.stage() != Stage.RENAMING) {
                lease.aside(() -> deliveries.requireOwned(delivery));
                throw new SeraiException(
                        ErrorCode.SITE_REJECTED,
                        "Site " + parcel.site().name() + ": the temporary file "
                                + RemotePath.printable(delivery.tempName())
                                + " was gone before it could get its name; look whether the partner has it, then"
                                + " resubmit the transfer or leave it");
            }
            record(lease, size, sha256);
            LOG.info(
                    "Transfer {}: delivered to {} as {}, {} bytes",
                    delivery.transfer(),
                    parcel.site().name(),
                    RemotePath.printable(name),
                    size);
        }

        private SiteConnection.Replaced replaced(SiteConnections.Lease lease) {
            return new SiteConnection.Replaced(
                    replacedName(), () -> lease.aside(() -> deliveries.requireOwned(delivery)));
        }

        /** Of this epoch alone: what a former owner moves when it thaws is never removed by the present one. */
        private String replacedName() {
            return delivery.tempName() + ".replaced-" + delivery.event().token().epoch();
        }

        /** What an attempt of this epoch moved out of the way before its connection broke. */
        private void removeReplaced(SiteConnection site) {
            if (parcel.ifExists() != IfExists.REPLACE) {
                return;
            }
            try {
                site.delete(replacedName());
            } catch (SeraiException e) {
                LOG.debug("Transfer {}: what it replaced could not be looked for", delivery.transfer(), e);
            }
        }

        private void record(SiteConnections.Lease lease, long size, String sha256) {
            lease.aside(() -> deliveries.delivered(delivery, size, sha256));
        }

        private String finalName(SiteConnection site) {
            String wanted = delivery.finalName();
            return switch (parcel.ifExists()) {
                case REPLACE -> wanted;
                case FAIL -> {
                    if (site.stat(wanted).isPresent()) {
                        throw taken();
                    }
                    yield wanted;
                }
                case RENAME -> freeName(site, wanted);
            };
        }

        private String freeName(SiteConnection site, String wanted) {
            String name = RemotePath.name(wanted);
            int dot = name.lastIndexOf('.');
            String stem = dot > 0 ? name.substring(0, dot) : name;
            String ending = dot > 0 ? name.substring(dot) : "";
            String candidate = wanted;
            for (int number = 1; site.stat(candidate).isPresent(); number++) {
                if (number > MOST_NAMES_TRIED) {
                    throw taken();
                }
                candidate = RemotePath.in(RemotePath.parent(wanted), stem + "-" + number + ending);
            }
            return candidate;
        }

        private SeraiException taken() {
            return new SeraiException(
                    ErrorCode.SITE_REJECTED,
                    "Site " + parcel.site().name() + " has a file " + RemotePath.printable(delivery.finalName())
                            + " already and the step says ifExists="
                            + parcel.ifExists().name().toLowerCase(java.util.Locale.ROOT));
        }

        private SeraiException failure(String what) {
            return new SeraiException(
                    ErrorCode.SITE_FAILED, "Site " + parcel.site().name() + ": " + what);
        }

        private void failed(SeraiException reason) {
            if (reason.kind() == ErrorKind.FENCED) {
                return;
            }
            try {
                deliveries.failed(delivery, reason.code(), reason.text(), bytesSent, left());
            } catch (
                    RuntimeException
                            e) { // the reason that counts is the first one; the ledger's row is closed by takeover
                reason.addSuppressed(e);
            }
        }

        /** What may be at the site, the newest first. */
        private List<Part> left() {
            EarlierBytes settled = earlier;
            List<Part> left = new ArrayList<>();
            if (opened || (settled != null && settled.mayHaveAdopted())) {
                left.add(delivery.part());
            }
            left.addAll(settled == null ? delivery.parts() : settled.left());
            return left;
        }

        @Override
        public void close() {
            try {
                cancelling.close();
            } catch (Exception e) {
                LOG.warn("Transfer {}: its cancel action could not be removed", delivery.transfer(), e);
            }
        }
    }
}
