package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Permission;
import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FileAttributes.FileType;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CheckPublicKey;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.Done;
import io.serai.endpoint.PartnerOperation.KeyAnswer;
import io.serai.endpoint.PartnerOperation.ListFolder;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.PartnerOperation.MakeFolder;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.PartnerOperation.ResumeSession;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.SessionGreeting;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** A server's files and accounts in memory: the account acme with the password secret. */
final class MemoryDesk implements PartnerDesk {
    final Map<SessionId, Origin> origins = new ConcurrentHashMap<>();
    final Map<SessionId, String> accounts = new ConcurrentHashMap<>();
    final Map<VirtualPath, byte[]> files = new ConcurrentSkipListMap<>();
    final List<String> acts = new CopyOnWriteArrayList<>();
    final List<VirtualPath> asked = new CopyOnWriteArrayList<>();
    volatile CountDownLatch commitsMay = new CountDownLatch(0);
    volatile CountDownLatch greetingsMay = new CountDownLatch(0);
    volatile CountDownLatch loginsMay = new CountDownLatch(0);
    volatile CountDownLatch resumesMay = new CountDownLatch(0);
    volatile CountDownLatch uploadsMay = new CountDownLatch(0);
    volatile CountDownLatch closesMay = new CountDownLatch(0);
    final AtomicInteger uploadsAsked = new AtomicInteger();
    final AtomicInteger closesAsked = new AtomicInteger();
    final AtomicInteger resumesAsked = new AtomicInteger();
    /** So many of the next resumes find no database. */
    final AtomicInteger resumesFail = new AtomicInteger();
    /** Sessions whose place another one has. */
    final Set<SessionId> ended = ConcurrentHashMap.newKeySet();

    final AtomicInteger loginsAsked = new AtomicInteger();
    volatile boolean lockedOut;
    volatile boolean slow;
    /** The text of failures of what is not supported. */
    volatile String failure = "Not here";

    @Override
    public <R> R answer(PartnerOperation<R> operation) {
        return operation.replyType().cast(reply(operation));
    }

    private Object reply(PartnerOperation<?> operation) {
        if (operation instanceof OpenSession open) {
            origins.put(open.session(), open.origin());
            await(greetingsMay);
            return new SessionGreeting(Optional.of("hello"), 3, Duration.ofSeconds(30));
        } else if (operation instanceof CloseSession close) {
            closesAsked.incrementAndGet();
            await(closesMay);
            origins.remove(close.session());
            accounts.remove(close.session());
            acts.add("closed: " + close.reason());
            return Done.DONE;
        } else if (operation instanceof LoginByPassword login) {
            loginsAsked.incrementAndGet();
            await(loginsMay);
            if (lockedOut) {
                return new LoginResult.Refused(LoginResult.Guess.NONE);
            }
            boolean right =
                    login.user().equals("acme") && login.password().reveal().equals("secret");
            return right ? accept(login.session()) : new LoginResult.Refused();
        } else if (operation instanceof CheckPublicKey check) {
            return check.key().algorithm().equals("good") ? KeyAnswer.ACCEPTABLE : KeyAnswer.REFUSED;
        } else if (operation instanceof LoginByPublicKey login) {
            boolean right =
                    login.signature().signature()[0] == 1 && login.signature().sshSessionId()[0] == 2;
            return right ? accept(login.session()) : new LoginResult.Refused();
        }
        if (operation instanceof ResumeSession resume) {
            resumesAsked.incrementAndGet();
            await(resumesMay);
            if (resumesFail.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                throw new SeraiException(ErrorCode.DATABASE_DOWN, "The database is away");
            }
            if (ended.contains(resume.session())) {
                return new LoginResult.Refused();
            }
            origins.put(resume.session(), resume.origin());
            return accept(resume.session());
        }
        if (!accounts.containsKey(operation.session())) {
            throw new SeraiException(ErrorCode.NO_SESSION, "Not logged in");
        }
        return file(operation);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new SeraiException(ErrorCode.BUSY, "stopped", e);
        }
    }

    private LoginResult accept(SessionId session) {
        accounts.put(session, "acme");
        return new LoginResult.Accepted(
                new AccountName("acme"), Set.of(Permission.READ, Permission.WRITE), Duration.ofMinutes(10));
    }

    private Object file(PartnerOperation<?> operation) {
        if (operation instanceof StatFile stat) {
            asked.add(stat.path());
            return attributes(stat.path());
        } else if (operation instanceof ListFolder list) {
            List<FolderPage.Entry> entries = new ArrayList<>();
            for (VirtualPath path : files.keySet()) {
                if (path.parent().equals(list.path())
                        && path.name().compareTo(list.after().orElse("")) > 0) {
                    entries.add(new FolderPage.Entry(path.name(), attributes(path)));
                }
            }
            return new FolderPage(entries, false);
        } else if (operation instanceof MakeFolder make) {
            acts.add("made " + make.path());
            return Done.DONE;
        } else if (operation instanceof OpenUpload open) {
            uploadsAsked.incrementAndGet();
            await(uploadsMay);
            if (open.path().name().equals("forbidden")) {
                throw new SeraiException(ErrorCode.PERMISSION_DENIED, "Not there");
            }
            return new Upload(open.path(), open.transfer().orElseGet(TransferId::random));
        } else if (operation instanceof OpenDownload open) {
            return new Download(open.path(), content(open.path()));
        }
        throw new SeraiException(ErrorCode.UNSUPPORTED, failure);
    }

    private byte[] content(VirtualPath path) {
        byte[] bytes = files.get(path);
        if (bytes == null) {
            throw new SeraiException(ErrorCode.NO_SUCH_FILE, "There is no " + path);
        }
        return bytes;
    }

    private FileAttributes attributes(VirtualPath path) {
        return new FileAttributes(FileType.FILE, content(path).length, Instant.ofEpochSecond(7), "v1");
    }

    private final class Upload implements UploadChannel {
        private final VirtualPath path;
        private final TransferId id;
        private byte[] bytes = new byte[1 << 16];
        private int size;
        private int forced = -1;

        Upload(VirtualPath path, TransferId id) {
            this.path = path;
            this.id = id;
        }

        @Override
        public TransferId transfer() {
            return id;
        }

        @Override
        public long startOffset() {
            return 0;
        }

        @Override
        public void write(ByteBuffer data, long offset) {
            if (path.name().equals("full") && offset > 200_000) {
                throw new SeraiException(ErrorCode.QUOTA, "Over the quota");
            }
            if (path.name().equals("huge")) {
                throw new OutOfMemoryError("as this test wants it");
            }
            int count = data.remaining();
            int end = (int) offset + count;
            if (end > bytes.length) {
                bytes = java.util.Arrays.copyOf(bytes, Math.max(end, 2 * bytes.length));
            }
            data.get(bytes, (int) offset, count);
            size = Math.max(size, end);
        }

        @Override
        public Duration pause() {
            return slow && size > 100_000 && System.nanoTime() % 3 == 0 ? Duration.ofMillis(2) : Duration.ZERO;
        }

        @Override
        public void force() {
            forced = size;
            acts.add("forced " + forced);
        }

        @Override
        public UploadReceipt commit() {
            acts.add("committing " + path);
            await(commitsMay);
            files.put(path, java.util.Arrays.copyOf(bytes, size));
            acts.add("committed " + path);
            return new UploadReceipt(id, size, "sha", "v1");
        }

        @Override
        public void abort(String reason) {
            acts.add("aborted " + path);
        }

        @Override
        public void close() {
            acts.add("upload closed");
        }
    }

    private final class Download implements DownloadChannel {
        private final VirtualPath path;
        private final byte[] bytes;
        private final TransferId id = TransferId.random();

        Download(VirtualPath path, byte[] bytes) {
            this.path = path;
            this.bytes = bytes;
        }

        @Override
        public TransferId transfer() {
            return id;
        }

        @Override
        public FileAttributes attributes() {
            return MemoryDesk.this.attributes(path);
        }

        @Override
        public int read(ByteBuffer target, long offset) {
            if (path.name().equals("huge")) {
                throw new OutOfMemoryError("as this test wants it");
            }
            if (offset >= bytes.length) {
                return -1;
            }
            int count = (int) Math.min(target.remaining(), bytes.length - offset);
            target.put(bytes, (int) offset, count);
            return count;
        }

        @Override
        public void delivered() {
            acts.add("delivered " + path);
        }

        @Override
        public void close() {
            acts.add("download closed");
        }
    }
}
