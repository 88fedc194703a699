package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.ConnectionLost;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.StreamClosed;
import io.serai.edge.link.StreamEnd;
import io.serai.edge.link.StreamKind;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.ReplyCodec.Opened;
import io.serai.edge.message.Status;
import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.UploadBegin;
import io.serai.endpoint.UploadChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Opens files at the server of a session, and opens downloads again at the next one. */
final class RelayedFiles {
    private static final long AGAIN_MILLIS = 300;
    private static final int TRIES = 3;

    private final Patience patience;
    private final Duration forAnother;
    private final Consumer<EdgeSession> settle;

    /**
     * @param forAnother how long to wait for another server
     * @param settle is told when a session has one open file less
     */
    RelayedFiles(Patience patience, Duration forAnother, Consumer<EdgeSession> settle) {
        this.patience = patience;
        this.forAnother = forAnother;
        this.settle = settle;
    }

    private record Open(LinkStream stream, Opened opened) {}

    /** Ends the use of a file, once. */
    private Runnable use(EdgeSession session) {
        session.openFile();
        AtomicBoolean over = new AtomicBoolean();
        return () -> {
            if (over.compareAndSet(false, true)) {
                session.closeFile();
                settle.accept(session);
            }
        };
    }

    UploadChannel upload(EdgeSession session, OpenUpload operation) {
        UUID id = UUID.randomUUID();
        Call call = new Call(operation, 0, id, 0, Optional.empty());
        Runnable over = use(session);
        try {
            Link link = session.link();
            for (int i = 1; ; i++) {
                try {
                    LinkStream stream = open(link, StreamKind.WRITE, call);
                    RelayedUpload.Asking asking =
                            new RelayedUpload.Asking(id, link, operation.path(), operation.mode(), forAnother);
                    RelayedUpload upload = new RelayedUpload(session, stream, asking, patience, over);
                    if (operation.begin() == UploadBegin.ANSWERED) {
                        upload.awaitOpened();
                    }
                    return upload;
                } catch (ConnectionLost e) { // nothing of it has left
                    link = other(session, link, i, e);
                } catch (StreamClosed e) {
                    throw StreamFailures.of(e.end(), "The upload");
                }
            }
        } catch (RuntimeException e) {
            over.run();
            throw e;
        }
    }

    DownloadChannel download(EdgeSession session, OpenDownload operation) {
        Runnable over = use(session);
        try {
            Open open = openDownload(session, Call.of(operation, 0));
            FileAttributes attributes =
                    open.opened().attributes().orElseThrow(() -> StreamFailures.violated("The download"));
            return new RelayedDownload(
                    open.stream(),
                    open.opened(),
                    attributes,
                    patience,
                    offset -> reopen(session, operation, attributes, offset),
                    over);
        } catch (RuntimeException e) {
            over.run();
            throw e;
        }
    }

    private Open openDownload(EdgeSession session, Call call) {
        Link link = session.link();
        for (int i = 1; ; i++) {
            try {
                LinkStream stream = open(link, StreamKind.READ, call);
                return new Open(stream, opened(stream, patience, "The download"));
            } catch (ConnectionLost e) {
                link = other(session, link, i, e);
            } catch (StreamClosed e) {
                if (e.end().cause() != StreamEnd.Cause.LOST) {
                    throw StreamFailures.of(e.end(), "The download");
                }
                link = link.isUsable() && i < TRIES ? link : other(session, link, i, e);
            }
        }
    }

    /** The rest of a download, whose stream is lost, from the same content or not at all. */
    private LinkStream reopen(EdgeSession session, OpenDownload operation, FileAttributes attributes, long offset) {
        Call call = new Call(operation, 0, new UUID(0, 0), offset, Optional.of(attributes.version()));
        long deadline = System.nanoTime() + forAnother.toNanos();
        while (true) {
            try {
                return openDownload(session, call).stream();
            } catch (SeraiException e) {
                // The place of the account's transfer is free only when the lost server's lease is over.
                if (e.code() != ErrorCode.BUSY || System.nanoTime() - deadline >= 0) {
                    throw e;
                }
            }
            try {
                TimeUnit.MILLISECONDS.sleep(AGAIN_MILLIS);
            } catch (InterruptedException e) {
                throw StreamFailures.interrupted("The download", e);
            }
        }
    }

    private Link other(EdgeSession session, Link lost, int tries, Exception cause) {
        try {
            return session.awaitOther(lost, tries < TRIES ? forAnother : Duration.ZERO)
                    .filter(next -> tries < TRIES)
                    .orElseThrow(() -> new SeraiException(ErrorCode.BUSY, "The server was lost; try again", cause));
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted("The open", e);
        }
    }

    private static LinkStream open(Link link, StreamKind kind, Call call) throws ConnectionLost {
        try {
            return link.open(kind, OperationCodec.method(call.operation()), OperationCodec.encode(call));
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted("The open", e);
        }
    }

    /** The answer to an open. */
    static Opened opened(LinkStream stream, Patience patience, String doing) throws StreamClosed {
        try {
            return ReplyCodec.decode(Opened.class, stream.awaitOpened(patience.reply()));
        } catch (TimeoutException e) {
            stream.reset(Status.TIMEOUT, "not opened in time");
            throw StreamFailures.late(doing, e);
        } catch (ProtocolViolation e) {
            stream.reset(Status.PROTOCOL, "an OPENED that cannot be");
            throw StreamFailures.violated(doing);
        } catch (InterruptedException e) {
            stream.reset(Status.PARTNER_ABORT, "the edge is stopping");
            throw StreamFailures.interrupted(doing, e);
        }
    }
}
