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
     * {@link Delivery#staleTempNames} are at the site is to be continued or removed first.
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

    /** This attempt failed; its ledger row says why. */
    void failed(Delivery delivery, ErrorCode code, String text, long bytesSent);

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

    /** Whether earlier attempts sent the very bytes that this one sends. */
    enum Source {
        SAME,
        OTHER
    }

    /**
     * A delivery in hand; the names are those to use.
     *
     * @param staleTempNames what earlier attempts may have left at the site, the newest first
     * @param source whether these hold a beginning of the bytes that are to be sent now
     */
    record Delivery(
            ClaimedEvent event,
            String stepKey,
            TransferId transfer,
            Stage stage,
            String tempName,
            String finalName,
            List<String> staleTempNames,
            Source source,
            long sizeBytes,
            Optional<String> sha256) {
        public Delivery {
            staleTempNames = List.copyOf(staleTempNames);
        }
    }

    /** Registers what to do when an operator cancels the running delivery; close it when the transfer has ended. */
    AutoCloseable onCancel(TransferId transfer, Runnable cancel);
}
