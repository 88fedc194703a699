package io.serai.edge.message;

import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.TransferId;
import io.serai.config.object.Permission;
import io.serai.edge.ProtocolViolation;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FileAttributes.FileType;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation.Done;
import io.serai.endpoint.PartnerOperation.KeyAnswer;
import io.serai.endpoint.SessionGreeting;
import io.serai.endpoint.UploadReceipt;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Replies to partner operations as messages, and back: one message, of which each reply uses some fields. */
public final class ReplyCodec {
    private static final int TEXT_BYTES = 65_536;
    private static final int NAME_BYTES = 1_024;
    private static final int TICKET_BYTES = 4_096;
    private static final int ENTRIES = 100_000;
    private static final int NO = 1;
    private static final int YES = 2;

    private ReplyCodec() {}

    /**
     * An upload or download that was opened.
     *
     * @param attributes of what is downloaded
     * @param replaces whether there was a file of an upload's name; empty where nobody looked
     */
    public record Opened(
            TransferId transfer, long startOffset, Optional<FileAttributes> attributes, Optional<Boolean> replaces) {}

    /** What is known of an upload. Numbers are never used again. */
    public enum UploadState {
        UNKNOWN,
        /** Never heard of, or forgotten since. */
        ABSENT,
        /** Its bytes still come, or it is being committed. */
        OPEN,
        COMMITTED,
        FAILED
    }

    /** What became of an upload: with COMMITTED its receipt, with FAILED the status. */
    public record Verdict(UploadState state, Status status, Optional<UploadReceipt> receipt) {}

    // ---- writing ----

    /** The message of an operation's reply. */
    public static byte[] encode(Object reply) {
        FieldWriter out = new FieldWriter();
        if (reply instanceof SessionGreeting greeting) {
            out.text(1, greeting.banner())
                    .number(2, greeting.maxTries())
                    .number(3, greeting.loginGrace().toMillis());
        } else if (reply instanceof LoginResult.Accepted accepted) {
            accepted(out, accepted);
        } else if (reply == KeyAnswer.ACCEPTABLE) {
            out.flag(8, true);
        } else if (reply instanceof FileAttributes attributes) {
            out.message(9, attributes(attributes));
        } else if (reply instanceof FolderPage page) {
            page.entries()
                    .forEach(entry -> out.message(
                            10, new FieldWriter().text(1, entry.name()).message(2, attributes(entry.attributes()))));
            out.flag(11, page.more());
        } else if (reply instanceof Opened opened) {
            opened.attributes().ifPresent(attributes -> out.message(9, attributes(attributes)));
            out.uuid(12, opened.transfer().value()).number(13, opened.startOffset());
            opened.replaces().ifPresent(replaces -> out.number(20, replaces ? YES : NO));
        } else if (reply instanceof UploadReceipt receipt) {
            receipt(out, receipt);
        } else if (reply instanceof Verdict verdict) {
            verdict.receipt().ifPresent(receipt -> receipt(out, receipt));
            out.number(17, verdict.state().ordinal())
                    .number(18, verdict.status().number());
        }
        return out.done();
    }

    /** A login that was accepted, with what its edge may go to another server with; empty where that is not offered. */
    public static byte[] encode(LoginResult.Accepted accepted, byte[] ticket) {
        return accepted(new FieldWriter(), accepted).bytes(19, ticket).done();
    }

    private static FieldWriter accepted(FieldWriter out, LoginResult.Accepted accepted) {
        return out.flag(4, true)
                .text(5, accepted.account().toString())
                .texts(
                        6,
                        accepted.permissions().stream().map(Enum::name).sorted().toList())
                .number(7, accepted.idleTimeout().toMillis());
    }

    private static FieldWriter attributes(FileAttributes attributes) {
        return new FieldWriter()
                .number(1, attributes.type().ordinal() + 1)
                .number(2, attributes.sizeBytes())
                .number(3, attributes.modified().getEpochSecond())
                .number(4, attributes.modified().getNano())
                .text(5, attributes.version());
    }

    private static void receipt(FieldWriter out, UploadReceipt receipt) {
        out.uuid(12, receipt.transfer().value())
                .number(14, receipt.sizeBytes())
                .text(15, receipt.sha256())
                .text(16, receipt.version());
    }

    // ---- reading ----

    /** Reads the reply of this type. */
    public static <R> R decode(Class<R> type, byte[] payload) throws ProtocolViolation {
        Fields fields = Fields.decode(payload);
        Object reply;
        if (type == SessionGreeting.class) {
            reply = new SessionGreeting(fields.banner, fields.maxTries, Duration.ofMillis(fields.graceMs));
        } else if (type == LoginResult.class) {
            reply = fields.accepted ? fields.accepted() : new LoginResult.Refused();
        } else if (type == KeyAnswer.class) {
            reply = fields.acceptable ? KeyAnswer.ACCEPTABLE : KeyAnswer.REFUSED;
        } else if (type == FileAttributes.class) {
            reply = fields.attributes.orElseThrow(() -> new ProtocolViolation("a reply without attributes"));
        } else if (type == FolderPage.class) {
            reply = new FolderPage(fields.entries, fields.more);
        } else if (type == Done.class) {
            reply = Done.DONE;
        } else if (type == Opened.class) {
            reply = new Opened(new TransferId(fields.transfer), fields.startOffset, fields.attributes, fields.replaces);
        } else if (type == UploadReceipt.class) {
            reply = fields.receipt();
        } else if (type == Verdict.class) {
            boolean committed = fields.state == UploadState.COMMITTED;
            reply = new Verdict(
                    fields.state, fields.status, committed ? Optional.of(fields.receipt()) : Optional.empty());
        } else {
            throw new IllegalArgumentException("No reply of " + type);
        }
        return type.cast(reply);
    }

    /** What came with a login; empty where the server offers no other one. */
    public static byte[] ticket(byte[] payload) throws ProtocolViolation {
        return Fields.decode(payload).ticket;
    }

    private static final class Fields {
        Optional<String> banner = Optional.empty();
        int maxTries;
        long graceMs;
        boolean accepted;
        String account = "";
        final Set<Permission> permissions = EnumSet.noneOf(Permission.class);
        long idleMs;
        boolean acceptable;
        Optional<FileAttributes> attributes = Optional.empty();
        final List<FolderPage.Entry> entries = new ArrayList<>();
        boolean more;
        UUID transfer = new UUID(0, 0);
        long startOffset;
        long size;
        String sha256 = "";
        String version = "";
        UploadState state = UploadState.UNKNOWN;
        Status status = Status.OK;
        byte[] ticket = new byte[0];
        Optional<Boolean> replaces = Optional.empty();

        static Fields decode(byte[] payload) throws ProtocolViolation {
            Fields fields = new Fields();
            FieldReader in = new FieldReader(payload);
            while (in.next()) {
                fields.take(in);
            }
            return fields;
        }

        private void take(FieldReader in) throws ProtocolViolation {
            switch (in.field()) {
                case 1 -> banner = Optional.of(in.text(TEXT_BYTES));
                case 2 -> maxTries = in.integer(Integer.MAX_VALUE);
                case 3 -> graceMs = in.number(Integer.MAX_VALUE);
                case 4 -> accepted = in.flag();
                case 5 -> account = in.text(NAME_BYTES);
                case 6 -> addPermission(in.text(NAME_BYTES));
                case 7 -> idleMs = in.number(Long.MAX_VALUE / 1_000_000);
                case 8 -> acceptable = in.flag();
                case 9 -> attributes = Optional.of(readAttributes(in.message()));
                case 10 -> addEntry(in.message());
                case 11 -> more = in.flag();
                case 12 -> transfer = in.uuid();
                case 13 -> startOffset = in.number(Long.MAX_VALUE);
                case 14 -> size = in.number(Long.MAX_VALUE);
                case 15 -> sha256 = in.text(NAME_BYTES);
                case 16 -> version = in.text(NAME_BYTES);
                case 17 -> state = stateOf(in.integer(255));
                case 18 -> status = Status.of(in.integer(0xffff));
                case 19 -> ticket = in.bytes(TICKET_BYTES);
                case 20 -> replaces = answer(in.integer(255));
                default -> {}
            }
        }

        /** A permission that this build does not know gives nobody anything. */
        private void addPermission(String name) {
            for (Permission permission : Permission.values()) {
                if (permission.name().equals(name)) {
                    permissions.add(permission);
                }
            }
        }

        private void addEntry(FieldReader in) throws ProtocolViolation {
            if (entries.size() == ENTRIES) {
                throw new ProtocolViolation("more than " + ENTRIES + " entries");
            }
            String name = "";
            Optional<FileAttributes> what = Optional.empty();
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> name = in.text(NAME_BYTES);
                    case 2 -> what = Optional.of(readAttributes(in.message()));
                    default -> {}
                }
            }
            entries.add(new FolderPage.Entry(
                    name, what.orElseThrow(() -> new ProtocolViolation("an entry without attributes"))));
        }

        LoginResult accepted() throws ProtocolViolation {
            try {
                return new LoginResult.Accepted(new AccountName(account), permissions, Duration.ofMillis(idleMs));
            } catch (SeraiException e) {
                throw new ProtocolViolation("an account name that cannot be");
            }
        }

        UploadReceipt receipt() {
            return new UploadReceipt(new TransferId(transfer), size, sha256, version);
        }

        /** What this build does not know counts as no answer. */
        private static Optional<Boolean> answer(int number) {
            return number == YES || number == NO ? Optional.of(number == YES) : Optional.empty();
        }

        private static UploadState stateOf(int number) {
            UploadState[] known = UploadState.values();
            return number < known.length ? known[number] : UploadState.UNKNOWN;
        }
    }

    private static FileAttributes readAttributes(FieldReader in) throws ProtocolViolation {
        int type = 0;
        long size = 0;
        long seconds = 0;
        int nanos = 0;
        String version = "";
        while (in.next()) {
            switch (in.field()) {
                case 1 -> type = in.integer(255);
                case 2 -> size = in.number(Long.MAX_VALUE);
                case 3 -> seconds = in.number();
                case 4 -> nanos = in.integer(999_999_999);
                case 5 -> version = in.text(NAME_BYTES);
                default -> {}
            }
        }
        if (type < 1 || type > FileType.values().length) {
            throw new ProtocolViolation("the file type " + type);
        }
        try {
            return new FileAttributes(
                    FileType.values()[type - 1], size, Instant.ofEpochSecond(seconds, nanos), version);
        } catch (DateTimeException e) {
            throw new ProtocolViolation("a time of " + seconds + " s");
        }
    }
}
