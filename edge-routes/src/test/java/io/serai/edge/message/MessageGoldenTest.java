package io.serai.edge.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.UnknownFieldSet;
import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Permission;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.message.LinkMessages.Bye;
import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.message.LinkMessages.LinkStatus;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.OperationCodec.Elsewhere;
import io.serai.edge.message.OperationCodec.Farewell;
import io.serai.edge.message.OperationCodec.Resume;
import io.serai.edge.message.OperationCodec.UploadQuery;
import io.serai.edge.message.ReplyCodec.Opened;
import io.serai.edge.message.ReplyCodec.UploadState;
import io.serai.edge.message.ReplyCodec.Verdict;
import io.serai.edge.message.TcpMessages.Accepted;
import io.serai.edge.message.TcpMessages.Connect;
import io.serai.edge.message.TcpMessages.Connected;
import io.serai.edge.message.TcpMessages.Taken;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FileAttributes.FileType;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.AskPurpose;
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
import io.serai.endpoint.PartnerOperation.Overwrite;
import io.serai.endpoint.PartnerOperation.RemoveFile;
import io.serai.endpoint.PartnerOperation.RemoveFolder;
import io.serai.endpoint.PartnerOperation.RenameFile;
import io.serai.endpoint.PartnerOperation.SetModifiedTime;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.SessionGreeting;
import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import io.serai.endpoint.UploadReceipt;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The bytes of every message, as the specification has them. They may never change; fields may be added. */
class MessageGoldenTest {
    private static final UUID ID = new UUID(0x0001020304050607L, 0x08090a0b0c0d0e0fL);
    private static final String ID_HEX = "000102030405060708090a0b0c0d0e0f";
    private static final String SESSION_HEX = "0a10" + ID_HEX;
    private static final SessionId SESSION = new SessionId(ID);
    private static final VirtualPath PATH = VirtualPath.parse("/a");
    private static final FileAttributes ATTRIBUTES =
            new FileAttributes(FileType.FILE, 300, Instant.ofEpochSecond(2, 5), "v");
    private static final String ATTRIBUTES_HEX = "080110ac02180220052a0176";
    private static final Hello HELLO = new Hello(
            0, 1, "n", "c", ID, ID, ConnectionClass.DATA, 3, "s", List.of("x", "y"), 65_536, 256, 64, 1_000, "z");

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    @Test
    void messagesOfTheLink() throws Exception {
        assertThat(hex(HELLO.encode()))
                .isEqualTo("1001" + "1a016e" + "220163" + "2a10" + ID_HEX + "3210" + ID_HEX + "3802" + "4003" + "4a0173"
                        + "520178" + "520179" + "58808004" + "608002" + "6840" + "70e807" + "7a017a");
        assertThat(Hello.decode(HELLO.encode())).isEqualTo(HELLO);
        LinkStatus status = new LinkStatus(true, false, 1_000, 4, 7);
        assertThat(hex(status.encode())).isEqualTo("0801" + "18e807" + "2004" + "2807");
        assertThat(LinkStatus.decode(status.encode())).isEqualTo(status);
        assertThat(hex(new LinkStatus(false, true, 0, 0, 0).encode())).isEqualTo("1001");
        Bye bye = new Bye(ByeCode.VERSION, "no");
        assertThat(hex(bye.encode())).isEqualTo("0803" + "12026e6f");
        assertThat(Bye.decode(bye.encode())).isEqualTo(bye);
        Failure failure = new Failure("no", 5);
        assertThat(hex(failure.encode())).isEqualTo("0a026e6f" + "1005");
        assertThat(Failure.decode(failure.encode())).isEqualTo(failure);
    }

    /** Each operation and the bytes behind the session's id. */
    private static Map<PartnerOperation<?>, String> operations() {
        SshPublicKey key = new SshPublicKey("k", new byte[] {1});
        Origin origin = new Origin(
                Protocol.FTPS,
                "l",
                new InetSocketAddress("1.2.3.4", 5),
                new InetSocketAddress("6.7.8.9", 22),
                Optional.of("w"));
        Map<PartnerOperation<?>, String> all = new LinkedHashMap<>();
        all.put(
                new OpenSession(SESSION, origin),
                "880102" + "9201016c" + "9a010401020304" + "a00105" + "aa010406070809" + "b00116" + "ba010177");
        all.put(new LoginByPassword(SESSION, "u", new SecretText("p")), "520175" + "5a0170");
        all.put(new CheckPublicKey(SESSION, "u", key), "520175" + "62016b" + "6a0101");
        all.put(
                new LoginByPublicKey(SESSION, "u", key, new SshSignature(new byte[] {2}, new byte[] {3})),
                "520175" + "62016b" + "6a0101" + "720102" + "7a0103");
        all.put(new CloseSession(SESSION, "r"), "82010172");
        all.put(new StatFile(SESSION, PATH, StatPurpose.RESUME), "1a022f61" + "3002");
        all.put(new ListFolder(SESSION, PATH, Optional.of("b")), "1a022f61" + "2a0162");
        all.put(new MakeFolder(SESSION, PATH), "1a022f61");
        all.put(new RemoveFolder(SESSION, PATH), "1a022f61");
        all.put(new RemoveFile(SESSION, PATH), "1a022f61");
        all.put(
                new RenameFile(SESSION, PATH, VirtualPath.parse("/b"), Overwrite.REPLACE),
                "1a022f61" + "22022f62" + "3002");
        all.put(new SetModifiedTime(SESSION, PATH, Instant.ofEpochSecond(2, 5)), "1a022f61" + "3802" + "4005");
        all.put(new OpenUpload(SESSION, PATH, UploadMode.RESUME, OptionalLong.of(0)), "1a022f61" + "3003" + "4800");
        all.put(new OpenDownload(SESSION, PATH), "1a022f61");
        return all;
    }

    @Test
    void operationsOfPartners() throws Exception {
        for (Map.Entry<PartnerOperation<?>, String> each : operations().entrySet()) {
            byte[] encoded = OperationCodec.encode(Call.of(each.getKey(), 0));
            assertThat(hex(encoded)).as("%s", each.getKey()).isEqualTo(SESSION_HEX + each.getValue());
            Call back = OperationCodec.decode(OperationCodec.method(each.getKey()), encoded);
            assertThat(hex(OperationCodec.encode(back))).isEqualTo(hex(encoded));
            assertThat(back.operation()).hasSameClassAs(each.getKey());
        }
        assertThat(operations().keySet().stream().map(OperationCodec::method).collect(Collectors.toSet()))
                .isEqualTo(EnumSet.complementOf(EnumSet.of(
                        Method.SESSION_RESUME,
                        Method.UPLOAD_QUERY,
                        Method.UPLOAD_FLUSH,
                        Method.TCP_CONNECT,
                        Method.TCP_ACCEPTED,
                        Method.EDGE_SYNC,
                        Method.EDGE_FILES)));
    }

    @Test
    void whatTheLinkAddsToOperations() throws Exception {
        Call call = new Call(new OpenDownload(SESSION, PATH), 9, ID, 300, Optional.of("v"));
        assertThat(hex(OperationCodec.encode(call)))
                .isEqualTo(SESSION_HEX + "1009" + "1a022f61" + "c20110" + ID_HEX + "d001ac02" + "da010176");
        assertThat(OperationCodec.decode(Method.READ, OperationCodec.encode(call)))
                .isEqualTo(call);
        UploadQuery query = new UploadQuery(SESSION, ID, 300);
        assertThat(hex(query.encode())).isEqualTo(SESSION_HEX + "c20110" + ID_HEX + "c801ac02");
        assertThat(UploadQuery.decode(query.encode())).isEqualTo(query);
        UploadQuery elsewhere = new UploadQuery(
                SESSION, ID, 300, Optional.of(new Elsewhere(new TransferId(ID), PATH, AskPurpose.SETTLE)));
        assertThat(hex(elsewhere.encode()))
                .isEqualTo(SESSION_HEX + "1a022f61" + "3002" + "c20110" + ID_HEX + "c801ac02" + "ea0110" + ID_HEX);
        assertThat(UploadQuery.decode(elsewhere.encode())).isEqualTo(elsewhere);
    }

    @Test
    void sessionsThatMove() throws Exception {
        InetAddress client = InetAddress.getByName("203.0.113.9");
        byte[] resume = new Resume(SESSION, new byte[] {1, 2, 3}, client, 300).encode();
        assertThat(hex(resume)).isEqualTo(SESSION_HEX + "9a0104cb007109" + "e20103010203" + "f001ac02");
        assertThat(Resume.decode(resume).session()).isEqualTo(SESSION);
        assertThat(Resume.decode(resume).ticket()).containsExactly(1, 2, 3);
        assertThat(Resume.decode(resume).client()).isEqualTo(client);
        assertThat(Resume.decode(resume).attempt()).isEqualTo(300);
        byte[] unnumbered = new Resume(SESSION, new byte[] {1, 2, 3}, client, 0).encode();
        assertThatThrownBy(() -> Resume.decode(unnumbered)).isInstanceOf(ProtocolViolation.class);
        Farewell farewell = new Farewell(SESSION, "no", 300);
        assertThat(hex(farewell.encode())).isEqualTo(SESSION_HEX + "8201026e6f" + "f001ac02");
        assertThat(Farewell.decode(farewell.encode())).isEqualTo(farewell);

        LoginResult.Accepted accepted =
                new LoginResult.Accepted(new AccountName("acme"), Set.of(), Duration.ZERO, "never on the way");
        byte[] reply = ReplyCodec.encode(accepted, new byte[] {9, 9});
        assertThat(hex(reply)).isEqualTo("2001" + "2a0461636d65" + "9a01020909");
        assertThat(ReplyCodec.ticket(reply)).containsExactly(9, 9);
        assertThat(ReplyCodec.decode(LoginResult.class, reply))
                .isEqualTo(new LoginResult.Accepted(new AccountName("acme"), Set.of(), Duration.ZERO));

        Origin origin = new Origin(
                Protocol.SFTP,
                "l",
                new InetSocketAddress(client, 5),
                new InetSocketAddress(client, 22),
                Optional.empty());
        SessionTicket ticket = new SessionTicket(origin, new AccountName("acme"), "c", Instant.ofEpochMilli(300));
        assertThat(hex(ticket.encode()))
                .isEqualTo("0a0461636d65" + "120163" + "18ac02" + "222d" + "0a10" + "0".repeat(32) + "880101"
                        + "9201016c" + "9a0104cb007109" + "a00105" + "aa0104cb007109" + "b00116");
        assertThat(SessionTicket.decode(ticket.encode())).isEqualTo(ticket);
    }

    private static Map<Object, String> replies() {
        UploadReceipt receipt = new UploadReceipt(new TransferId(ID), 300, "h", "v");
        String receiptHex = "6210" + ID_HEX + "70ac02" + "7a0168" + "82010176";
        Map<Object, String> all = new LinkedHashMap<>();
        all.put(new SessionGreeting(Optional.of(""), 3, Duration.ofSeconds(2)), "0a00" + "1003" + "18d00f");
        all.put(
                new LoginResult.Accepted(
                        new AccountName("acme"), Set.of(Permission.WRITE, Permission.LIST), Duration.ofSeconds(2)),
                "2001" + "2a0461636d65" + "32044c495354" + "32055752495445" + "38d00f");
        all.put(KeyAnswer.ACCEPTABLE, "4001");
        all.put(ATTRIBUTES, String.format("4a%02x", ATTRIBUTES_HEX.length() / 2) + ATTRIBUTES_HEX);
        int entry = 3 + 2 + ATTRIBUTES_HEX.length() / 2;
        all.put(
                new FolderPage(List.of(new FolderPage.Entry("n", ATTRIBUTES)), true),
                String.format("52%02x", entry) + "0a016e" + String.format("12%02x", ATTRIBUTES_HEX.length() / 2)
                        + ATTRIBUTES_HEX + "5801");
        all.put(Done.DONE, "");
        all.put(new Opened(new TransferId(ID), 300, Optional.empty(), Optional.empty()), "6210" + ID_HEX + "68ac02");
        all.put(new Opened(new TransferId(ID), 0, Optional.empty(), Optional.of(false)), "6210" + ID_HEX + "a00101");
        all.put(new Opened(new TransferId(ID), 0, Optional.empty(), Optional.of(true)), "6210" + ID_HEX + "a00102");
        all.put(receipt, receiptHex);
        all.put(new Verdict(UploadState.COMMITTED, Status.OK, Optional.of(receipt)), receiptHex + "880103");
        all.put(new Verdict(UploadState.FAILED, Status.QUOTA, Optional.empty()), "880104" + "900108");
        return all;
    }

    @Test
    void repliesToPartners() throws Exception {
        for (Map.Entry<Object, String> each : replies().entrySet()) {
            byte[] encoded = ReplyCodec.encode(each.getKey());
            assertThat(hex(encoded)).as("%s", each.getKey()).isEqualTo(each.getValue());
            Class<?> type = each.getKey() instanceof LoginResult
                    ? LoginResult.class
                    : each.getKey().getClass();
            assertThat((Object) ReplyCodec.decode(type, encoded)).isEqualTo(each.getKey());
        }
        assertThat(ReplyCodec.decode(LoginResult.class, ReplyCodec.encode(new LoginResult.Refused())))
                .isEqualTo(new LoginResult.Refused());
        assertThat(ReplyCodec.decode(KeyAnswer.class, ReplyCodec.encode(KeyAnswer.REFUSED)))
                .isEqualTo(KeyAnswer.REFUSED);
    }

    @Test
    void messagesOfTcpConnections() throws Exception {
        Connect connect = new Connect("h", 22, "p");
        assertThat(hex(connect.encode())).isEqualTo("0a0168" + "1016" + "1a0170");
        assertThat(Connect.decode(connect.encode())).isEqualTo(connect);
        InetSocketAddress one = new InetSocketAddress("1.2.3.4", 5);
        Connect again = new Connect("h", 22, "p", 300, Optional.of(one.getAddress()));
        assertThat(hex(again.encode())).isEqualTo("0a0168" + "1016" + "1a0170" + "20ac02" + "2a0401020304");
        assertThat(Connect.decode(again.encode())).isEqualTo(again);
        InetSocketAddress other = new InetSocketAddress("2001:db8::1", 22);
        String otherHex = "10" + "20010db8" + "00".repeat(11) + "01";
        Connected connected = new Connected(one, other);
        assertThat(hex(connected.encode())).isEqualTo("0a0401020304" + "1005" + "1a" + otherHex + "2016");
        assertThat(Connected.decode(connected.encode())).isEqualTo(connected);
        Accepted accepted = new Accepted("l", one, other);
        assertThat(hex(accepted.encode())).isEqualTo("0a016c" + "120401020304" + "1805" + "22" + otherHex + "2816");
        assertThat(Accepted.decode(accepted.encode())).isEqualTo(accepted);
        String ticket = "3240" + "07".repeat(32) + "08".repeat(32);
        Accepted raw = Accepted.decode(bytes(hex(accepted.encode()) + ticket));
        assertThat(hex(raw.ticket().orElseThrow().shown())).isEqualTo("07".repeat(32));
        assertThat(hex(raw.ticket().orElseThrow().answer())).isEqualTo("08".repeat(32));
        assertThat(hex(raw.encode())).isEqualTo(hex(accepted.encode()) + ticket);
        assertThatThrownBy(() -> Accepted.decode(bytes(hex(accepted.encode()) + "3203010203")))
                .isInstanceOf(ProtocolViolation.class);
        assertThat(hex(new Taken(true).encode())).isEqualTo("0801");
        assertThat(hex(new Taken(false).encode())).isEmpty();
        for (boolean by : new boolean[] {true, false}) {
            assertThat(Taken.decode(new Taken(by).encode()).raw()).isEqualTo(by);
        }
        for (String odd : List.of("0a0168", "1016", "0a0168" + "10ffff07", "0a0168" + "1016" + "2a03010203")) {
            assertThatThrownBy(() -> Connect.decode(bytes(odd))).as(odd).isInstanceOf(ProtocolViolation.class);
        }
        for (String odd :
                List.of("0a016c", "0a016c" + "1203010203" + "220401020304", "120401020304" + "220401020304")) {
            assertThatThrownBy(() -> Accepted.decode(bytes(odd))).as(odd).isInstanceOf(ProtocolViolation.class);
        }
    }

    /** The library of Protocol Buffers reads every message, and writes the same bytes again. */
    @Test
    void theyAreProtocolBuffers() throws IOException {
        Stream<byte[]> all = Stream.of(
                        Stream.of(HELLO.encode(), new Bye(ByeCode.CLOCK, "x").encode()),
                        operations().keySet().stream().map(op -> OperationCodec.encode(Call.of(op, Long.MAX_VALUE))),
                        replies().keySet().stream().map(ReplyCodec::encode))
                .flatMap(messages -> messages);
        for (byte[] message : all.toList()) {
            assertThat(UnknownFieldSet.parseFrom(message).toByteArray()).isEqualTo(message);
        }
    }

    @Test
    void fieldsOfALaterVersionAreSkipped() throws Exception {
        String later = "f2060161" + "f8067b" + "fd0601020304" + "f9060102030405060708";
        assertThat(Hello.decode(bytes(hex(HELLO.encode()) + later))).isEqualTo(HELLO);
        assertThat(Bye.decode(bytes(later + "0863"))).isEqualTo(new Bye(ByeCode.UNKNOWN, ""));
        byte[] login = bytes("2001" + "2a0461636d65" + "3204" + "464c5920" + later);
        assertThat(ReplyCodec.decode(LoginResult.class, login))
                .isEqualTo(new LoginResult.Accepted(new AccountName("acme"), Set.of(), Duration.ZERO));
        assertThat(Status.of(999)).isEqualTo(Status.INTERNAL);
    }

    @Test
    void oddMessagesAreViolations() {
        for (String odd : List.of(
                "0a", // ends within a field
                "0aff01", // longer than what is there
                "0affffffffffffffffff01", // a length below zero
                "08ffffffffffffffffffff01", // a number of 11 bytes
                "0b", // a group
                "0000", // field 0
                "0a0fff" + "00".repeat(14), // an id of 15 bytes
                "0801", // another wire type than this field has
                SESSION_HEX + "1a02c328", // no UTF-8
                SESSION_HEX + "1a022f61" + "3007", // a choice that is none
                "1a022f61")) { // no session
            assertThatThrownBy(() -> OperationCodec.decode(Method.STAT, bytes(odd)))
                    .as(odd)
                    .isInstanceOf(ProtocolViolation.class);
        }
    }

    @Test
    void numbersOfMethodsAndStatusesNeverChange() {
        assertThat(Stream.of(Method.values()).map(m -> m.number() + " " + m))
                .containsExactly(
                        "1 SESSION_OPEN",
                        "2 AUTH_PASSWORD",
                        "3 AUTH_PUBKEY_QUERY",
                        "4 AUTH_PUBKEY",
                        "5 SESSION_RESUME",
                        "10 SESSION_CLOSE",
                        "16 STAT",
                        "17 LIST",
                        "18 MAKE_FOLDER",
                        "19 REMOVE_FOLDER",
                        "20 REMOVE_FILE",
                        "21 RENAME",
                        "22 SET_MODIFIED",
                        "23 UPLOAD_QUERY",
                        "24 UPLOAD_FLUSH",
                        "32 READ",
                        "33 WRITE",
                        "34 TCP_CONNECT",
                        "35 TCP_ACCEPTED",
                        "48 EDGE_SYNC",
                        "49 EDGE_FILES");
        for (Status status : Status.values()) {
            assertThat(Status.of(status.number())).isEqualTo(status);
        }
        assertThat(Status.CANCELLED.number()).isEqualTo(26);
    }
}
