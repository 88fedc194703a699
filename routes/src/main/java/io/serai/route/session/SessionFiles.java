package io.serai.route.session;

import io.serai.cluster.ledger.Ledger;
import io.serai.cluster.ledger.TransferState;
import io.serai.cluster.limit.ClusterLimits;
import io.serai.cluster.storage.FileInfo;
import io.serai.cluster.storage.FolderListing;
import io.serai.cluster.storage.Incoming;
import io.serai.cluster.storage.OpenFile;
import io.serai.cluster.storage.Receiving;
import io.serai.cluster.storage.Storage;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Account;
import io.serai.config.object.Permission;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.Done;
import io.serai.endpoint.PartnerOperation.Overwrite;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.UploadOutcome;
import io.serai.endpoint.UploadReceipt;
import java.util.List;
import java.util.Optional;

/** The file operations of a session that has logged in: each is authorised by itself, then done in storage. */
final class SessionFiles {
    private static final int PAGE = 1000;

    private final Storage storage;
    private final Receiving receiving;
    private final Ledger ledger;
    private final ClusterLimits limits;

    SessionFiles(PartnerStores stores) {
        this.storage = stores.storage();
        this.receiving = stores.receiving();
        this.ledger = stores.ledger();
        this.limits = stores.limits();
    }

    Object answer(PartnerSession session, Account account, PartnerOperation<?> operation) {
        if (operation instanceof PartnerOperation.StatFile stat) {
            return stat(account, stat);
        }
        if (operation instanceof PartnerOperation.ListFolder list) {
            require(account, Permission.LIST, "list", list.path());
            return list(account, list);
        }
        if (operation instanceof PartnerOperation.OpenUpload open) {
            require(account, Permission.WRITE, "write", open.path());
            return upload(session, account, open);
        }
        if (operation instanceof PartnerOperation.OpenDownload open) {
            require(account, Permission.READ, "read", open.path());
            return download(session, account, open);
        }
        if (operation instanceof PartnerOperation.AskUpload ask) {
            return outcome(session, account, ask);
        }
        change(account, operation);
        return Done.DONE;
    }

    /** Asked by the session that sent it, so no right is needed. */
    private UploadOutcome outcome(PartnerSession session, Account account, PartnerOperation.AskUpload ask) {
        TransferState state = switch (ask.purpose()) {
            case LOOK -> ledger.uploadState(ask.transfer(), session.id(), account.name());
            case SETTLE ->
                ledger.endUpload(new Ledger.LostUpload(
                        ask.transfer(),
                        account.name(),
                        ask.path().toString(),
                        session.origin().protocol(),
                        session.origin().listener(),
                        session.origin().shownClient(),
                        session.id()));
        };
        return switch (state) {
            case RUNNING -> new UploadOutcome(UploadOutcome.State.OPEN, Optional.empty());
            case COMPLETED -> new UploadOutcome(UploadOutcome.State.COMMITTED, receipt(account, ask));
            case FAILED, ABORTED, CANCELLED -> new UploadOutcome(UploadOutcome.State.FAILED, Optional.empty());
        };
    }

    /** As the ledger has it; the version only while the file is there. */
    private Optional<UploadReceipt> receipt(Account account, PartnerOperation.AskUpload ask) {
        return ledger.get(ask.transfer())
                .map(row -> new UploadReceipt(
                        row.id(),
                        row.sizeBytes(),
                        String.valueOf(row.sha256()),
                        version(account, ask.path(), row.sizeBytes())));
    }

    private String version(Account account, VirtualPath path, long sizeBytes) {
        try {
            FileInfo info = storage.stat(account.name(), path);
            return info.sizeBytes() == sizeBytes ? info.version() : "";
        } catch (SeraiException e) { // it has its name a little later, or was renamed or taken away since
            return "";
        }
    }

    private void change(Account account, PartnerOperation<?> operation) {
        if (operation instanceof PartnerOperation.MakeFolder make) {
            require(account, Permission.MKDIR, "make", make.path());
            storage.makeFolder(account.name(), make.path());
        } else if (operation instanceof PartnerOperation.RemoveFolder remove) {
            require(account, Permission.DELETE, "delete", remove.path());
            storage.removeFolder(account.name(), remove.path());
        } else if (operation instanceof PartnerOperation.RemoveFile remove) {
            require(account, Permission.DELETE, "delete", remove.path());
            storage.removeFile(account.name(), remove.path());
        } else if (operation instanceof PartnerOperation.RenameFile rename) {
            require(account, Permission.RENAME, "rename", rename.from());
            storage.rename(account.name(), rename.from(), rename.to(), ifExists(account, rename));
        } else if (operation instanceof PartnerOperation.SetModifiedTime set) {
            require(account, Permission.WRITE, "change", set.path());
            storage.setModified(account.name(), set.path(), set.modified());
        } else {
            throw new SeraiException(
                    ErrorCode.DEFECT, "Nobody answers " + operation.getClass().getSimpleName());
        }
    }

    /** Replacing takes away a file, which needs the right to delete; without it a free name is still granted. */
    private static Storage.IfExists ifExists(Account account, PartnerOperation.RenameFile rename) {
        boolean replace =
                rename.overwrite() == Overwrite.REPLACE && account.permissions().contains(Permission.DELETE);
        return replace ? Storage.IfExists.REPLACE : Storage.IfExists.REFUSE;
    }

    /**
     * Folders can always be looked at, or no client could enter them. Files need the right to list or read; to an
     * account that may only write, they do not exist, but it may ask how far its own upload came.
     */
    private FileAttributes stat(Account account, PartnerOperation.StatFile stat) {
        boolean resumes =
                stat.purpose() == StatPurpose.RESUME && account.permissions().contains(Permission.WRITE);
        if (resumes) {
            FileInfo part = storage.part(account.name(), stat.path()).orElse(null);
            if (part != null) {
                return Attributes.ofPart(part);
            }
        }
        FileInfo info = storage.stat(account.name(), stat.path());
        boolean seen = info.folder()
                || resumes
                || account.permissions().contains(Permission.LIST)
                || account.permissions().contains(Permission.READ);
        if (!seen) {
            throw new SeraiException(ErrorCode.NO_SUCH_FILE, "There is no " + stat.path() + " for this account");
        }
        return Attributes.of(info);
    }

    private FolderPage list(Account account, PartnerOperation.ListFolder list) {
        FolderListing page = storage.list(account.name(), list.path(), list.after(), PAGE);
        List<FolderPage.Entry> entries = page.entries().stream()
                .map(info -> new FolderPage.Entry(info.name(), Attributes.of(info)))
                .toList();
        return new FolderPage(entries, page.more());
    }

    private StoredUpload upload(PartnerSession session, Account account, PartnerOperation.OpenUpload open) {
        TransferShare share = TransferShare.take(limits, account);
        try {
            Incoming incoming = receiving.receive(new Receiving.Upload(
                    account.name(),
                    open.path(),
                    mode(open.mode()),
                    open.expectedBytes(),
                    account.limits().maxFileBytes(),
                    account.limits().quotaBytes(),
                    session.origin().protocol(),
                    session.origin().listener(),
                    session.origin().shownClient(),
                    session.id(),
                    open.transfer()));
            StoredUpload upload = new StoredUpload(session, open.path(), incoming, share);
            session.opened(upload.transfer(), upload);
            return upload;
        } catch (RuntimeException e) {
            share.close();
            throw e;
        }
    }

    private StoredDownload download(PartnerSession session, Account account, PartnerOperation.OpenDownload open) {
        OpenFile file = storage.open(account.name(), open.path());
        try {
            TransferShare share = TransferShare.take(limits, account);
            try {
                Ledger.Download row = ledger.downloadStarted(new Ledger.NewDownload(
                        account.name().value(),
                        open.path().toString(),
                        session.origin().protocol(),
                        session.origin().listener(),
                        session.origin().shownClient(),
                        session.id(),
                        file.info().sizeBytes()));
                StoredDownload download = new StoredDownload(session, open.path(), file, row, share);
                session.opened(download.transfer(), download);
                return download;
            } catch (RuntimeException e) {
                share.close();
                throw e;
            }
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static Receiving.Mode mode(UploadMode mode) {
        return switch (mode) {
            case CREATE_NEW -> Receiving.Mode.CREATE_NEW;
            case REPLACE -> Receiving.Mode.REPLACE;
            case RESUME -> Receiving.Mode.RESUME;
        };
    }

    private static void require(Account account, Permission permission, String act, VirtualPath path) {
        if (!account.permissions().contains(permission)) {
            throw new SeraiException(
                    ErrorCode.PERMISSION_DENIED, "Account " + account.name() + " may not " + act + " " + path);
        }
    }
}
