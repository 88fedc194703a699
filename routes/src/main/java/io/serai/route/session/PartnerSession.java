package io.serai.route.session;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.endpoint.PartnerOperation.Origin;
import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One session: where it comes from, who has logged in, what it has open. Safe for use by several threads. */
final class PartnerSession {
    private final SessionId id;
    private final UUID proofOwner = UUID.randomUUID();
    private final Origin origin;
    private final Instant opened;
    private final Map<TransferId, OpenTransfer> transfers = new ConcurrentHashMap<>();
    private final AtomicBoolean placeGivenBack = new AtomicBoolean();
    private volatile @Nullable AccountName account;
    private final AtomicReference<@Nullable String> endReason = new AtomicReference<>();
    private volatile Instant lastOperation;

    PartnerSession(SessionId id, Origin origin, Instant opened) {
        this.id = id;
        this.origin = origin;
        this.opened = opened;
        this.lastOperation = opened;
    }

    /** A stream that the session has open. */
    interface OpenTransfer {
        VirtualPath path();

        long bytesSoFar();

        boolean isUpload();

        /** Nothing more is taken or given, not even by what runs just now. Never waits. */
        void refuse(String reason);

        /** Ends it without a file. Idempotent, from any thread. */
        void breakOff(String reason);
    }

    SessionId id() {
        return id;
    }

    /** Who uses a proof in this session: of our own making, as an edge could use the id of a session again. */
    UUID proofOwner() {
        return proofOwner;
    }

    Origin origin() {
        return origin;
    }

    Instant opened() {
        return opened;
    }

    InetAddress client() {
        return origin.client().getAddress();
    }

    /** What its failed logins are counted by. */
    String failuresOf() {
        return AddressRange.origin(origin);
    }

    /** Who has logged in; empty before the login. */
    Optional<AccountName> account() {
        return Optional.ofNullable(account);
    }

    void logIn(AccountName name) {
        account = name;
    }

    /** Whether its place among the account's sessions is to be given back now, which is once. */
    boolean givesPlaceBack() {
        return account != null && placeGivenBack.compareAndSet(false, true);
    }

    void touched(Instant now) {
        lastOperation = now;
    }

    Instant lastOperation() {
        return lastOperation;
    }

    void checkNotEnded() {
        String reason = endReason.get();
        if (reason != null) {
            throw new SeraiException(ErrorCode.NO_SESSION, "Session " + id + " was ended: " + reason);
        }
    }

    boolean isEnded() {
        return endReason.get() != null;
    }

    /**
     * Every operation and write is refused from now on. Never waits.
     *
     * @return whether it had not ended before; {@link #breakOff} is the caller's to do then
     */
    boolean end(String reason) {
        boolean first = endReason.compareAndSet(null, reason);
        transfers.values().forEach(transfer -> transfer.refuse(reason));
        return first;
    }

    /** Breaks off what an ended session has open, which waits for a write or a commit that is under way. */
    void breakOff() {
        String reason = String.valueOf(endReason.get());
        List.copyOf(transfers.values()).forEach(transfer -> transfer.breakOff(reason));
    }

    void opened(TransferId transfer, OpenTransfer open) {
        transfers.put(transfer, open);
        String reason = endReason.get();
        if (reason != null) {
            open.breakOff(reason);
        }
    }

    void closed(TransferId transfer) {
        transfers.remove(transfer);
    }

    Map<TransferId, OpenTransfer> transfers() {
        return Map.copyOf(transfers);
    }
}
