package io.serai.cluster.ledger;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.config.error.ErrorCode;
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
     */
    record Target(
            SiteName site,
            Protocol protocol,
            String peer,
            String tempName,
            String finalName,
            Optional<String> sourceSha256) {}

    /**
     * What an attempt may have left at the site.
     *
     * @param sourceSha256 what all of the bytes hash to of which it holds a beginning, where that is known
     */
    record Part(String tempName, Optional<String> sourceSha256) {}

    /**
     * A delivery in hand; the names are those to use.
     *
     * @param sourceSha256 what the bytes hash to that are to be sent now, where that is known
     * @param parts what earlier attempts may have left at the site, the newest first
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
            Optional<String> sha256) {
        public Delivery {
            parts = List.copyOf(parts);
        }

        /** What this attempt may leave. */
        public Part part() {
            return new Part(tempName, sourceSha256);
        }

        /** Whether the part holds a beginning of the very bytes that are to be sent now. */
        public boolean isBegunBy(Part part) {
            return sourceSha256.isPresent() && sourceSha256.equals(part.sourceSha256());
        }
    }

    /** Registers what to do when an operator cancels the running delivery; close it when the transfer has ended. */
    AutoCloseable onCancel(TransferId transfer, Runnable cancel);
}
