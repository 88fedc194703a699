package io.serai.edge.relay;

import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.secret.SecretText;
import io.serai.edge.link.Link;
import io.serai.edge.link.Reply;
import io.serai.edge.link.StreamKind;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec.UploadQuery;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.Status;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.PartnerOperation.RemoveFile;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What an edge in the wrong hands may not do for sessions and files. */
class OwnedEdgeTest extends EdgeInWrongHands {
    @Test
    void nothingIsDoneInSessionsOfOthersOrInGuessedOnes() throws Exception {
        Link other = honest.up();
        SessionId theirs = open(other);
        assertThat(logIn(other, theirs, "acme", "secret")).isTrue();
        desk.files.put(VirtualPath.parse("/theirs"), new byte[] {1});
        SessionId mine = open(link);
        for (SessionId session : List.of(theirs, SessionId.random(), new SessionId(new UUID(0, 1)))) {
            for (PartnerOperation<?> operation : List.<PartnerOperation<?>>of(
                    new StatFile(session, VirtualPath.parse("/theirs"), StatPurpose.LOOK),
                    new RemoveFile(session, VirtualPath.parse("/theirs")),
                    new LoginByPassword(session, "acme", new SecretText("secret")),
                    new CloseSession(session, "away with it"))) {
                assertThat(ask(link, operation).status()).as("%s", operation).isEqualTo(Status.NO_SESSION);
            }
            OpenDownload read = new OpenDownload(session, VirtualPath.parse("/theirs"));
            assertThat(stream(link, StreamKind.READ, read, new UUID(0, 0))).isEqualTo(Status.NO_SESSION);
            OpenUpload write =
                    new OpenUpload(session, VirtualPath.parse("/x"), UploadMode.REPLACE, OptionalLong.empty());
            assertThat(stream(link, StreamKind.WRITE, write, UUID.randomUUID())).isEqualTo(Status.NO_SESSION);
            for (Method method : List.of(Method.UPLOAD_QUERY, Method.UPLOAD_FLUSH)) {
                byte[] query = new UploadQuery(session, UUID.randomUUID(), 0).encode();
                assertThat(link.call(0, method, query, SOON).status()).isEqualTo(Status.NO_SESSION);
            }
        }
        // Its own session without a login is worth nothing either, and the one of the others goes on.
        StatFile stat = new StatFile(mine, VirtualPath.parse("/theirs"), StatPurpose.LOOK);
        assertThat(ask(link, stat).status()).isEqualTo(Status.NO_SESSION);
        assertThat(ask(link, opening(theirs, "partners", "x")).status()).isEqualTo(Status.PROTOCOL);
        assertThat(ask(other, new StatFile(theirs, VirtualPath.parse("/theirs"), StatPurpose.LOOK))
                        .status())
                .isEqualTo(Status.OK);
        assertThat(desk.files).containsKey(VirtualPath.parse("/theirs"));
        assertThat(alarms.of("violation of edge-1")).isEqualTo(1);
        assertThat(alarms.of("violation of edge-2")).isZero();
    }

    @Test
    void aTicketIsGoodForItsSessionItsEdgeAndItsClientAlone() throws Exception {
        Link other = honest.up();
        SessionId mine = open(link);
        Reply login = ask(link, new LoginByPassword(mine, "acme", new SecretText("secret")));
        byte[] ticket = ReplyCodec.ticket(login.payload());
        SessionId theirs = open(other);
        assertThat(logIn(other, theirs, "acme", "secret")).isTrue();
        byte[] changed = ticket.clone();
        changed[changed.length / 2] ^= 1;
        assertThat(resumes(other, mine, ticket, "203.0.113.9")).isFalse();
        assertThat(resumes(link, theirs, ticket, "203.0.113.9")).isFalse();
        assertThat(resumes(link, SessionId.random(), ticket, "203.0.113.9")).isFalse();
        assertThat(resumes(link, mine, ticket, "203.0.113.10")).isFalse();
        assertThat(resumes(link, mine, changed, "203.0.113.9")).isFalse();
        assertThat(resumes(link, mine, new byte[0], "203.0.113.9")).isFalse();
        assertThat(resumes(link, mine, ticket, "203.0.113.9")).isTrue();
        assertThat(alarms.of("ticket of edge-1")).isEqualTo(5);
        assertThat(alarms.of("ticket of edge-2")).isEqualTo(1);
        StatFile stat = new StatFile(theirs, VirtualPath.ROOT, StatPurpose.LOOK);
        assertThat(ask(link, stat).status()).isEqualTo(Status.NO_SESSION);
    }

    @Test
    void noPathLeavesTheHome() throws Exception {
        SessionId session = open(link);
        assertThat(logIn(link, session, "acme", "secret")).isTrue();
        for (String path : List.of(
                "..",
                "../a",
                "/../../etc/passwd",
                "/a/../../b",
                "a\0b",
                "/a\0/../b",
                "/" + "x".repeat(5_000),
                "/" + "y/".repeat(2_000),
                "/a\nb",
                "/a\u202eb",
                "\\..\\a",
                "/./../a",
                "//../a")) {
            Status status =
                    link.call(0, Method.STAT, withPath(session, path), SOON).status();
            // Refused, or taken for a name within the home, where there is no such file.
            assertThat(status)
                    .as(path.substring(0, Math.min(20, path.length())))
                    .isNotIn(Status.OK, Status.INTERNAL);
            assertThat(status).isIn(Status.NAME_INVALID, Status.NO_SUCH_FILE, Status.PROTOCOL);
        }
        assertThat(desk.asked)
                .allMatch(path -> !path.toString().contains("..")
                        && !path.toString().contains("\0")
                        && path.toString().startsWith("/"));
        assertThat(link.isUsable()).isTrue();
    }

    @Test
    void whatAnEdgeSaysOfItsClientsIsTextAndMarked() throws Exception {
        SessionId session = SessionId.random();
        String trap = "x\n2026-01-01 INFO Login of root\u001b[2J\u202e\u2028\r\0";
        assertThat(ask(link, opening(session, "part\nners" + "y".repeat(200), trap + "z".repeat(300)))
                        .status())
                .isEqualTo(Status.OK);
        Origin seen = desk.origins.get(session);
        assertThat(seen.edge()).contains("edge-1");
        assertThat(seen.shownClient()).isEqualTo("203.0.113.9:4711 via edge-1");
        assertThat(seen.listener()).startsWith("part?nersy").hasSize(64);
        assertThat(seen.clientSoftware().orElseThrow())
                .startsWith("x?2026-01-01 INFO Login of root?[2J????z")
                .hasSize(200);
        assertThat(ask(link, new CloseSession(session, "bye\nERROR all is lost\u001b[0m"))
                        .status())
                .isEqualTo(Status.OK);
        assertThat(desk.acts).contains("closed: bye?ERROR all is lost?[0m");
    }
}
