package io.serai.endpoint.sftp;

import io.serai.config.name.VirtualPath;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.PartnerOperation.ListFolder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** A folder that is being listed, page by page. */
final class FolderHandle implements OpenHandle {
    /** The most names in one reply, and about the most bytes of one; small enough for every client. */
    private static final int REPLY_NAMES = 100;

    private static final int REPLY_BYTES = 30_000;
    private static final int ENTRY_HEAD_BYTES = 96;

    private final SftpSession session;
    private final VirtualPath path;
    private final FileAttributes attributes;
    private final Deque<FolderPage.Entry> read = new ArrayDeque<>();
    private Optional<String> last = Optional.empty();
    private boolean more = true;

    /** Reads the first page, so that a folder that cannot be listed is refused when it is opened. */
    FolderHandle(SftpSession session, VirtualPath path, FileAttributes attributes) {
        this.session = session;
        this.path = path;
        this.attributes = attributes;
        readPage();
    }

    /** The next names; empty at the end. */
    List<FolderPage.Entry> next() {
        while (read.isEmpty() && more) {
            readPage();
        }
        List<FolderPage.Entry> names = new ArrayList<>();
        int bytes = 0;
        while (!read.isEmpty() && names.size() < REPLY_NAMES && bytes < REPLY_BYTES) {
            FolderPage.Entry entry = read.poll();
            names.add(entry);
            bytes += ENTRY_HEAD_BYTES + 6 * entry.name().length(); // twice in the reply, up to 3 bytes a character
        }
        return names;
    }

    private void readPage() {
        FolderPage page = session.call(new ListFolder(session.id(), path, last));
        read.addAll(page.entries());
        more = page.more() && !page.entries().isEmpty();
        if (!page.entries().isEmpty()) {
            last = Optional.of(page.entries().get(page.entries().size() - 1).name());
        }
    }

    @Override
    public FileAttributes attributes() {
        return attributes;
    }

    @Override
    public void abort(String reason) {
        read.clear();
        more = false;
    }
}
