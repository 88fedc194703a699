package io.serai.route.site;

import io.serai.cluster.ledger.Deliveries.Delivery;
import io.serai.cluster.ledger.Deliveries.Part;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.HostPort;
import io.serai.route.site.connection.RemotePath;
import io.serai.route.site.connection.SiteConnection;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What earlier attempts at a delivery left at the site: the newest that can be used gets this attempt's temporary name and
 * is continued, the others are removed.
 *
 * <p>A former owner that was frozen may still have a file open and write to it when it thaws, whatever name it has by
 * then. Therefore only an attempt at the very same bytes is continued, by their SHA-256: whatever both write, they write
 * the same bytes to the same places. The name is a new one all the same, so that everything that the former owner does by
 * name misses. The last part is sent again, because a site may have taken later bytes before earlier ones when the line
 * broke, and what is in front of it is compared with ours where the site lets us read it.
 */
final class EarlierBytes {
    private static final Logger LOG = LoggerFactory.getLogger(EarlierBytes.class);
    private static final long SENT_AGAIN = 2L << 20;
    private static final long LEAST_THERE = 4L << 20;
    private static final int COMPARED = 64 * 1024;

    private final Parcel parcel;
    private final Delivery delivery;
    private final SiteConnection site;
    private final List<Part> left;
    private boolean adopting;

    EarlierBytes(Parcel parcel, Delivery delivery, SiteConnection site) {
        this.parcel = parcel;
        this.delivery = delivery;
        this.site = site;
        this.left = new ArrayList<>(delivery.parts());
    }

    /** Of what earlier attempts left, what is not known to be gone. */
    List<Part> left() {
        return List.copyOf(left);
    }

    /** Whether something may have this attempt's temporary name. */
    boolean mayHaveAdopted() {
        return adopting;
    }

    /** How many bytes need not be sent, which are under this attempt's temporary name then; 0 to begin anew. */
    long settle() {
        long there = 0;
        HostPort here = site.line().target();
        for (Part part : delivery.parts()) {
            if (!SiteAddresses.isHere(parcel.site(), part, here)) {
                leave(part);
                continue;
            }
            String stale = part.tempName();
            if (there == 0 && delivery.isBegunBy(part)) {
                there = adopt(stale);
            }
            if (there == 0 || !isAdopted(stale)) {
                site.delete(stale);
            }
            left.remove(part);
        }
        return there;
    }

    /** What lies at another address of the site is there for whichever attempt gets there. */
    private void leave(Part part) {
        LOG.info(
                "Transfer {}: what an earlier attempt left at another address of {} as {} stays there",
                delivery.transfer(),
                parcel.site().name(),
                RemotePath.printable(part.tempName()));
        if (SiteAddresses.isOutOfReach(parcel.site(), part)) {
            left.remove(part);
        }
    }

    private boolean isAdopted(String stale) {
        return site.stat(stale).isEmpty();
    }

    private long adopt(String stale) {
        if (parcel.body().sizeBytes().isEmpty()) {
            return 0;
        }
        long all = parcel.body().sizeBytes().getAsLong();
        long size = site.stat(stale).map(entry -> entry.sizeBytes().orElse(0)).orElse(0L);
        if (size < LEAST_THERE || size > all) {
            return 0;
        }
        long from = size - SENT_AGAIN;
        if (!isOurs(stale, from) || !isRenamed(stale)) {
            return 0;
        }
        LOG.info(
                "Transfer {}: goes on at byte {} of {} at {}, where an earlier attempt stopped",
                delivery.transfer(),
                from,
                all,
                parcel.site().name());
        return from;
    }

    private boolean isOurs(String stale, long until) {
        long start = Math.max(0, until - COMPARED);
        Optional<byte[]> theirs = site.read(stale, start, (int) (until - start));
        if (theirs.isEmpty()) {
            return true;
        }
        try (InputStream ours = parcel.body().opener().open()) {
            ours.skipNBytes(start);
            boolean same = Arrays.equals(ours.readNBytes((int) (until - start)), theirs.get());
            if (!same) {
                LOG.warn(
                        "Transfer {}: what an earlier attempt left at {} as {} is not ours; it is sent anew",
                        delivery.transfer(),
                        parcel.site().name(),
                        RemotePath.printable(stale));
            }
            return same;
        } catch (IOException e) {
            LOG.debug("Transfer {}: the body could not be compared; it is sent anew", delivery.transfer(), e);
            return false;
        }
    }

    /** A site that does not rename an open file, or not at all, gets the file anew. */
    private boolean isRenamed(String stale) {
        adopting = true;
        try {
            return site.rename(stale, delivery.tempName(), Optional.empty());
        } catch (SeraiException e) {
            if (e.kind() == ErrorKind.FENCED || site.line().cut() != null || !site.alive()) {
                throw e;
            }
            LOG.debug("Transfer {}: what is there cannot be continued: {}", delivery.transfer(), e.text());
            return false;
        }
    }
}
