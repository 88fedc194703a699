package io.serai.endpoint.ftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.VirtualPath;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FileAttributes.FileType;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.PartnerOperation.ListFolder;
import io.serai.endpoint.PartnerOperation.MakeFolder;
import io.serai.endpoint.PartnerOperation.Overwrite;
import io.serai.endpoint.PartnerOperation.RemoveFile;
import io.serai.endpoint.PartnerOperation.RemoveFolder;
import io.serai.endpoint.PartnerOperation.RenameFile;
import io.serai.endpoint.PartnerOperation.SetModifiedTime;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/** The commands on names: where one is, what is there, listings, renames and removals. */
final class FolderVerbs {
    private FolderVerbs() {}

    static void printFolder(Conversation conversation, String argument) {
        conversation.reply(257, quoted(conversation.folder()) + " is the current folder");
    }

    static void changeFolder(Conversation conversation, String argument) {
        VirtualPath path = conversation.path(argument);
        if (!path.isRoot() && !conversation.stat(path, StatPurpose.LOOK).isFolder()) {
            throw new SeraiException(ErrorCode.NOT_A_FOLDER, path + " is not a folder");
        }
        conversation.folder(path);
        conversation.reply(250, quoted(path) + " is the current folder");
    }

    static void changeToParent(Conversation conversation, String argument) {
        changeFolder(conversation, "..");
    }

    static void size(Conversation conversation, String argument) {
        FileAttributes file = conversation.stat(conversation.path(argument), StatPurpose.RESUME);
        if (file.isFolder()) {
            throw new SeraiException(ErrorCode.IS_A_FOLDER, "A folder has no size");
        }
        // To lftp, that would be the whole upload of an empty file.
        if (file.type() == FileType.PART && file.sizeBytes() == 0) {
            throw new SeraiException(ErrorCode.NO_SUCH_FILE, "Nothing is kept of " + argument);
        }
        conversation.reply(213, Long.toString(file.sizeBytes()));
    }

    static void modified(Conversation conversation, String argument) {
        FileAttributes file = conversation.stat(conversation.path(argument), StatPurpose.RESUME);
        conversation.reply(213, ListingLines.TIME.format(file.modified()));
    }

    static void setModified(Conversation conversation, String argument) {
        String[] parts = argument.split(" ", 2);
        if (parts.length < 2) {
            throw new SeraiException(ErrorCode.INVALID, "MFMT needs a time (YYYYMMDDHHMMSS, UTC) and a name");
        }
        Instant time;
        try {
            time = LocalDateTime.parse(parts[0], DateTimeFormatter.ofPattern("yyyyMMddHHmmss"))
                    .toInstant(ZoneOffset.UTC);
        } catch (DateTimeException e) {
            throw new SeraiException(ErrorCode.INVALID, "MFMT needs a time as YYYYMMDDHHMMSS in UTC", e);
        }
        VirtualPath path = conversation.path(parts[1]);
        conversation.call(new SetModifiedTime(conversation.id(), path, time));
        conversation.reply(213, "Modify=" + parts[0] + "; " + path);
    }

    static void facts(Conversation conversation, String argument) {
        VirtualPath path = conversation.path(argument);
        FileAttributes file = conversation.stat(path, StatPurpose.RESUME);
        conversation.reply(Answer.of(250, "Listing", List.of(ListingLines.facts(path, file)), "End"));
    }

    static void makeFolder(Conversation conversation, String argument) {
        VirtualPath path = conversation.path(argument);
        conversation.call(new MakeFolder(conversation.id(), path));
        conversation.reply(257, quoted(path) + " was made");
    }

    static void removeFolder(Conversation conversation, String argument) {
        conversation.call(new RemoveFolder(conversation.id(), conversation.path(argument)));
        conversation.reply(250, "Removed");
    }

    static void removeFile(Conversation conversation, String argument) {
        conversation.call(new RemoveFile(conversation.id(), conversation.path(argument)));
        conversation.reply(250, "Removed");
    }

    static void renameFrom(Conversation conversation, String argument) {
        VirtualPath path = conversation.path(argument);
        conversation.stat(path, StatPurpose.LOOK);
        conversation.renameFrom(path);
        conversation.reply(350, "Send RNTO with the new name");
    }

    static void renameTo(Conversation conversation, String argument) {
        VirtualPath from = conversation
                .takeRenameFrom()
                .orElseThrow(() -> new Refusal(Answer.of(503, "Send RNFR with the old name first")));
        conversation.call(new RenameFile(conversation.id(), from, conversation.path(argument), Overwrite.REPLACE));
        conversation.reply(250, "Renamed");
    }

    // ---- listings ----

    static void list(Conversation conversation, String argument) {
        Instant now = Instant.now();
        send(conversation, withoutOptions(argument), (name, file) -> ListingLines.unix(name, file, now));
    }

    static void names(Conversation conversation, String argument) {
        send(conversation, withoutOptions(argument), (name, file) -> name);
    }

    static void factsOfAll(Conversation conversation, String argument) {
        VirtualPath path = conversation.path(argument);
        if (!path.isRoot() && !conversation.stat(path, StatPurpose.LOOK).isFolder()) {
            throw new Refusal(Answer.of(501, "MLSD needs a folder; MLST shows a file"));
        }
        send(conversation, argument, ListingLines::facts);
    }

    /** Clients send options of ls, which mean nothing here. */
    private static String withoutOptions(String argument) {
        return argument.replaceFirst("^(-[A-Za-z]+( +|$))+", "");
    }

    private static void send(
            Conversation conversation, String argument, BiFunction<String, FileAttributes, String> line) {
        VirtualPath path = conversation.path(argument);
        DataConnection data = TransferVerbs.data(conversation);
        try {
            Optional<FileAttributes> file = path.isRoot()
                    ? Optional.empty()
                    : Optional.of(conversation.stat(path, StatPurpose.LOOK)).filter(found -> !found.isFolder());
            FolderPage first = file.isPresent()
                    ? new FolderPage(List.of(new FolderPage.Entry(path.name(), file.get())), false)
                    : page(conversation, path, Optional.empty());
            conversation.start(new RunningTransfer(conversation, data, new Listing(conversation, path, first, line)));
        } catch (RuntimeException e) {
            data.close();
            throw e;
        }
    }

    private static FolderPage page(Conversation conversation, VirtualPath path, Optional<String> after) {
        return conversation.call(new ListFolder(conversation.id(), path, after));
    }

    /** The lines of a folder on their way out, page by page. */
    private record Listing(
            Conversation conversation,
            VirtualPath path,
            FolderPage first,
            BiFunction<String, FileAttributes, String> line)
            implements RunningTransfer.Cargo {
        @Override
        public Answer move(DataConnection data, Runnable moved) throws IOException {
            OutputStream out = new BufferedOutputStream(data.out(), 16 * 1024);
            FolderPage page = first;
            while (true) {
                for (FolderPage.Entry entry : page.entries()) {
                    String text = line.apply(entry.name(), entry.attributes()) + "\r\n";
                    out.write(text.getBytes(StandardCharsets.UTF_8));
                }
                moved.run();
                if (!page.more() || page.entries().isEmpty()) {
                    break;
                }
                String last = page.entries().get(page.entries().size() - 1).name();
                page = page(conversation, path, Optional.of(last));
            }
            out.flush();
            data.finish();
            return Answer.of(226, "Listed");
        }

        @Override
        public void end(String reason) {
            // A listing holds nothing.
        }
    }

    private static String quoted(VirtualPath path) {
        return '"' + path.toString().replace("\"", "\"\"") + '"';
    }
}
