package io.serai.endpoint;

import io.serai.config.name.SessionId;

/** How the answering side ends a session that an inbound consumer holds. {@link ActiveListeners} finds the holder. */
public interface SessionControl {
    /**
     * Ends a session: its connection is closed, its open uploads are aborted and
     * {@link PartnerOperation.CloseSession} follows. Returns without waiting for that.
     *
     * @param reason for our log and the ledger; the partner may see it
     * @return whether this consumer holds that session
     */
    boolean end(SessionId session, String reason);
}
