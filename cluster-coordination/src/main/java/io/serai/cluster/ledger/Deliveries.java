package io.serai.cluster.ledger;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.config.error.ErrorCode;
import io.serai.config.name.HostPort;
import io.serai.config.name.SiteName;
import io.serai.config.name.TransferId;
import io.serai.config.object.Protocol;
import java.util.List;
import java.util.Optional;

/**
 * The intent and effect of each delivering step of an event, so that a retry never delivers twice. Every change is
 * guarded by the event's token and fails with {@code FENCED} when another node owns the event.
 */
public interface Deliveries {
    /**
     * Begins a step's delivery, or finds how far an earlier attempt came. With {@link Stage#DELIVERED} there is nothing
     * to do; with {@link Stage#RENAMING} the names are the earlier attempt's, and the site must be asked whether its
     * rename happened; with {@link Stage#SENDING} the bytes are sent under the new temporary name, and what
     * {@link Delivery#parts} are at the site is to be continued or removed first.
     *
     * @param stepKey names the step within the event's route, the same at every attempt
     */
    Delivery begin(ClaimedEvent event, String stepKey, Target target);

    /**
     * This attempt works at this one of the site's addresses: what it leaves lies there, and whether it had its effect is to
     * be asked there and nowhere else. Said before the first byte is sent to another address than the delivery's.
     */
    Delivery at(Delivery delivery, HostPort address);

    /** All bytes are at the site under the temporary name, and the rename comes next. */
    void renaming(Delivery delivery, long sizeBytes, String sha256);

    /**
     * Nothing but a look: whether this attempt may still act at the site.
     *
     * @throws io.serai.config.error.SeraiException {@code FENCED} when another node or attempt owns the event
     */
    void requireOwned(Delivery delivery);

    /** The file is at the site under its final name. */
    void delivered(Delivery delivery, long sizeBytes, String sha256);

    /**
     * This attempt failed; its ledger row says why.
     *
     * @param left what may be at the site now, the newest first: no part is forgotten before it is known to be gone, and
     *     the name of an attempt that created nothing is no part
     */
    void failed(Delivery delivery, ErrorCode code, String text, long bytesSent, List<Part> left);

    /** How far a delivery came. */
    enum Stage {
        SENDING,
        RENAMING,
        DELIVERED
    }

    /**
     * Where a step delivers to.
     *
     * @param sourceSha256 what the bytes hash to, where that is known before they are sent
     * @param address the first address of the site
     */
    record Target(
            SiteName site,
            Protocol protocol,
            String peer,
            String tempName,
            String finalName,
            Optional<String> sourceSha256,
            Optional<HostPort> address) {}

    /**
     * What an attempt may have left at the site.
     *
     * @param sourceSha256 what all of the bytes hash to of which it holds a beginning, where that is known
     * @param address at which address of the site; empty for the first
     */
    record Part(String tempName, Optional<String> sourceSha256, Optional<HostPort> address) {}

    /**
     * A delivery in hand; the names are those to use.
     *
     * @param sourceSha256 what the bytes hash to that are to be sent now, where that is known
     * @param parts what earlier attempts may have left at the site, the newest first
     * @param address at which of the site's addresses this attempt works, or has worked when it came to the rename; empty
     *     for the first, where an older version did not record it
     */
    record Delivery(
            ClaimedEvent event,
            String stepKey,
            TransferId transfer,
            Stage stage,
            String tempName,
            String finalName,
            Optional<String> sourceSha256,
            List<Part> parts,
            long sizeBytes,
            Optional<String> sha256,
            Optional<HostPort> address) {
        public Delivery {
            parts = List.copyOf(parts);
        }

        /** What this attempt may leave. */
        public Part part() {
            return new Part(tempName, sourceSha256, address);
        }

        /** The same at another address of the site. */
        public Delivery at(HostPort other) {
            return new Delivery(
                    event,
                    stepKey,
                    transfer,
                    stage,
                    tempName,
                    finalName,
                    sourceSha256,
                    parts,
                    sizeBytes,
                    sha256,
                    Optional.of(other));
        }

        /** Whether the part holds a beginning of the very bytes that are to be sent now. */
        public boolean isBegunBy(Part part) {
            return sourceSha256.isPresent() && sourceSha256.equals(part.sourceSha256());
        }
    }

    /** Registers what to do when an operator cancels the running delivery; close it when the transfer has ended. */
    AutoCloseable onCancel(TransferId transfer, Runnable cancel);
}
