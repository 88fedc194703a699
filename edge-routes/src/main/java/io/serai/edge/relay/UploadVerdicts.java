package io.serai.edge.relay;

import io.serai.config.name.SessionId;
import io.serai.edge.message.ReplyCodec.UploadState;
import io.serai.edge.message.ReplyCodec.Verdict;
import io.serai.edge.message.Status;
import io.serai.endpoint.UploadReceipt;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What became of the uploads of this process, for edges that did not hear it. One for all links of a server; an outcome is
 * kept for a while, and only the session that sent the upload may ask. Safe for several threads.
 */
public final class UploadVerdicts {
    private static final int REMEMBERED = 100_000;

    private record Entry(SessionId session, Verdict verdict, long atNanos) {}

    private final Duration keep;
    private final Map<UUID, Entry> entries = new LinkedHashMap<>();

    public UploadVerdicts(Duration keep) {
        this.keep = keep;
    }

    /** Notes a new upload; false if one of that id is known already. */
    synchronized boolean opened(SessionId session, UUID upload) {
        clean();
        return entries.putIfAbsent(upload, entry(session, UploadState.OPEN, Status.OK, Optional.empty())) == null;
    }

    synchronized void committed(SessionId session, UUID upload, UploadReceipt receipt) {
        entries.put(upload, entry(session, UploadState.COMMITTED, Status.OK, Optional.of(receipt)));
    }

    /** Notes a failure; what is committed stays so. */
    synchronized void failed(SessionId session, UUID upload, Status status) {
        Entry known = entries.get(upload);
        if (known != null && known.verdict().state() == UploadState.COMMITTED) {
            return;
        }
        entries.put(upload, entry(session, UploadState.FAILED, status, Optional.empty()));
    }

    /** The outcome, for the session that sent it. */
    public synchronized Verdict of(SessionId session, UUID upload) {
        clean();
        Entry entry = entries.get(upload);
        return entry != null && entry.session().equals(session)
                ? entry.verdict()
                : new Verdict(UploadState.ABSENT, Status.OK, Optional.empty());
    }

    private static Entry entry(SessionId session, UploadState state, Status status, Optional<UploadReceipt> receipt) {
        return new Entry(session, new Verdict(state, status, receipt), System.nanoTime());
    }

    /** From the oldest on; an upload that still runs is kept, whatever its age. */
    private void clean() {
        long now = System.nanoTime();
        var oldest = entries.values().iterator();
        while (oldest.hasNext()) {
            Entry entry = oldest.next();
            boolean running = entry.verdict().state() == UploadState.OPEN;
            boolean due = entries.size() > REMEMBERED || now - entry.atNanos() > keep.toNanos();
            if (running) {
                continue;
            }
            if (!due) {
                return;
            }
            oldest.remove();
        }
    }
}
