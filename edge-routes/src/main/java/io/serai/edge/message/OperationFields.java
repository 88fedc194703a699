package io.serai.edge.message;

import io.serai.edge.ProtocolViolation;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * The fields of a partner operation as they travel: one message for all methods, of which each uses some fields. The
 * numbers are never used again. Mutable while it is read or filled, then not shared.
 */
final class OperationFields {
    private static final int PATH_BYTES = 16_384;
    private static final int NAME_BYTES = 1_024;
    private static final int KEY_BYTES = 16_384;
    private static final int TICKET_BYTES = 4_096;
    private static final int PASSWORD_BYTES = 4_096;
    private static final UUID NONE = new UUID(0, 0);
    private static final byte[] NOTHING = new byte[0];

    UUID session = NONE;
    long operationId;
    String path = "";
    String to = "";
    Optional<String> after = Optional.empty();
    /** The ordinal, plus 1, of the method's own choice: purpose, overwrite or mode. */
    int choice;

    long seconds;
    int nanos;
    OptionalLong expectedBytes = OptionalLong.empty();
    String user = "";
    byte[] secret = NOTHING;
    String algorithm = "";
    byte[] key = NOTHING;
    byte[] sshSession = NOTHING;
    byte[] signature = NOTHING;
    String reason = "";
    int protocol;
    String listener = "";
    byte[] clientAddress = NOTHING;
    int clientPort;
    byte[] localAddress = NOTHING;
    int localPort;
    Optional<String> software = Optional.empty();
    UUID upload = NONE;
    long bytes;
    long offset;
    Optional<String> ifVersion = Optional.empty();
    byte[] ticket = NOTHING;
    UUID transfer = NONE;
    long attempt;

    byte[] encode() {
        FieldWriter out = new FieldWriter()
                .uuid(1, session)
                .number(2, operationId)
                .text(3, path)
                .text(4, to);
        out.text(5, after).number(6, choice).number(7, seconds).number(8, nanos).number(9, expectedBytes);
        out.text(10, user).bytes(11, secret).text(12, algorithm).bytes(13, key);
        out.bytes(14, sshSession)
                .bytes(15, signature)
                .text(16, reason)
                .number(17, protocol)
                .text(18, listener);
        out.bytes(19, clientAddress)
                .number(20, clientPort)
                .bytes(21, localAddress)
                .number(22, localPort);
        out.text(23, software);
        if (!upload.equals(NONE)) {
            out.uuid(24, upload);
        }
        out.number(25, bytes).number(26, offset).text(27, ifVersion).bytes(28, ticket);
        if (!transfer.equals(NONE)) {
            out.uuid(29, transfer);
        }
        return out.number(30, attempt).done();
    }

    /** As {@link #decode}, of no session. */
    static OperationFields read(byte[] payload) throws ProtocolViolation {
        OperationFields fields = new OperationFields();
        FieldReader in = new FieldReader(payload);
        while (in.next()) {
            fields.take(in);
        }
        return fields;
    }

    static OperationFields decode(byte[] payload) throws ProtocolViolation {
        OperationFields fields = read(payload);
        if (fields.session.equals(NONE)) {
            throw new ProtocolViolation("an operation of no session");
        }
        return fields;
    }

    private void take(FieldReader in) throws ProtocolViolation {
        switch (in.field()) {
            case 1 -> session = in.uuid();
            case 2 -> operationId = in.number();
            case 3 -> path = in.text(PATH_BYTES);
            case 4 -> to = in.text(PATH_BYTES);
            case 5 -> after = Optional.of(in.text(NAME_BYTES));
            case 6 -> choice = in.integer(255);
            case 7 -> seconds = in.number();
            case 8 -> nanos = in.integer(999_999_999);
            case 9 -> expectedBytes = OptionalLong.of(in.number(Long.MAX_VALUE));
            case 16 -> reason = in.text(NAME_BYTES);
            case 24 -> upload = in.uuid();
            case 25 -> bytes = in.number(Long.MAX_VALUE);
            case 26 -> offset = in.number(Long.MAX_VALUE);
            case 27 -> ifVersion = Optional.of(in.text(NAME_BYTES));
            case 29 -> transfer = in.uuid();
            case 30 -> attempt = in.number(Long.MAX_VALUE);
            default -> takeOfLogin(in);
        }
    }

    private void takeOfLogin(FieldReader in) throws ProtocolViolation {
        switch (in.field()) {
            case 10 -> user = in.text(NAME_BYTES);
            case 11 -> secret = in.bytes(PASSWORD_BYTES);
            case 12 -> algorithm = in.text(NAME_BYTES);
            case 13 -> key = in.bytes(KEY_BYTES);
            case 14 -> sshSession = in.bytes(NAME_BYTES);
            case 15 -> signature = in.bytes(KEY_BYTES);
            case 17 -> protocol = in.integer(255);
            case 18 -> listener = in.text(NAME_BYTES);
            case 19 -> clientAddress = in.bytes(16);
            case 20 -> clientPort = in.integer(65_535);
            case 21 -> localAddress = in.bytes(16);
            case 22 -> localPort = in.integer(65_535);
            case 23 -> software = Optional.of(in.text(NAME_BYTES));
            case 28 -> ticket = in.bytes(TICKET_BYTES);
            default -> {}
        }
    }
}
