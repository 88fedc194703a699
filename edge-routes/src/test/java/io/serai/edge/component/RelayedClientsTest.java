package io.serai.edge.component;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.object.Protocol;
import io.serai.endpoint.ClientProgram;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.SshPublicKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real clients at an edge: what works directly at a server works through {@code relay:} and {@code edge-link:}. */
@Timeout(150)
class RelayedClientsTest extends ClientsAtAnEdge {
    @Test
    void sftpUploadsListsRenamesDownloadsAndDeletes() throws Exception {
        server();
        byte[] content = random("local.bin", 9_000_000);
        ClientProgram.Ended outcome = sftp(
                "mkdir inbox",
                "cd inbox",
                "put -p local.bin a.bin",
                "ls -l",
                "rename a.bin b.bin",
                "get b.bin back.bin",
                "put local.bin c.bin",
                "rm c.bin",
                "mkdir empty",
                "rmdir empty",
                "pwd");
        assertThat(outcome.status()).as(outcome.output()).isZero();
        assertThat(outcome.output()).contains("9000000").contains("a.bin").contains("/inbox");
        assertThat(folder.resolve("back.bin")).hasBinaryContent(content);
        assertThat(acme.file("/inbox/b.bin")).contains(content);
        assertThat(acme.paths()).containsExactly("/inbox", "/inbox/b.bin");
        assertThat(acme.arrivals()).containsExactly("/inbox/a.bin", "/inbox/c.bin");
        assertThat(acme.attributes("/inbox/b.bin").orElseThrow().modified().getEpochSecond())
                .isEqualTo(Files.getLastModifiedTime(folder.resolve("local.bin"))
                        .toInstant()
                        .getEpochSecond());
        awaitNoSessions();
        assertThat(acme.downloads()).allMatch(download -> download.wasDelivered() && download.wasClosed());
        assertThat(partners.operations(CloseSession.class)).hasSize(1);
    }

    @Test
    void refusalsReachThePartnerAsTheyAre() throws Exception {
        server();
        random("local.bin", 10);
        acme.putFolder("/full");
        acme.putFile("/full/x", new byte[1]);
        assertThat(sftp("get nothing").output()).contains("not found");
        assertThat(sftp("rmdir full").status()).isNotZero();
        assertThat(sftp("mkdir full").status()).isNotZero();
        assertThat(curl("-o", "/dev/null", "-w", "%{http_code}", https("/nothing"))
                        .output())
                .isEqualTo("404");
        assertThat(curl("-o", "/dev/null", "-w", "%{http_code}", "-X", "DELETE", https("/full"))
                        .output())
                .isEqualTo("409");
        assertThat(curl("--ssl-reqd", ftp("/"), "-Q", "RMD full").output()).contains("550");
        assertThat(acme.paths()).containsExactly("/full", "/full/x");
    }

    @Test
    void loginsAreDecidedByTheServer() throws Exception {
        server();
        Path key = folder.resolve("id_ed25519");
        ClientProgram.run(folder, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString());
        List<String> byKey = new ArrayList<>(List.of("sftp", "-i", key.toString(), "-o", "IdentitiesOnly=yes"));
        byKey.addAll(sshOptions());
        byKey.addAll(List.of(
                "-b", Files.writeString(folder.resolve("pwd.txt"), "pwd\n").toString(), "acme@127.0.0.1"));
        assertThat(ClientProgram.run(folder, byKey).output()).contains("Permission denied");

        String[] fields = Files.readString(Path.of(key + ".pub")).split(" ");
        partners.addAccount(
                "acme",
                "open-sesame",
                new SshPublicKey(fields[0], Base64.getDecoder().decode(fields[1].trim())));
        ClientProgram.Ended accepted = ClientProgram.run(folder, byKey);
        assertThat(accepted.status()).as(accepted.output()).isZero();
        assertThat(curl("-u", "acme:wrong", "-o", "/dev/null", "-w", "%{http_code}", https("/"))
                        .output())
                .isEqualTo("401");
        assertThat(curl("-u", "acme:wrong", "--ssl-reqd", ftp("/")).status()).isEqualTo(67);
    }

    @Test
    void theServerSeesThePartnersOwnAddresses() throws Exception {
        server();
        random("local.bin", 10);
        assertThat(ClientProgram.run(folder, sftpCommand(List.of("-o", "BindAddress=127.0.0.3"), "pwd"))
                        .status())
                .isZero();
        assertThat(lftp("cls").status()).isZero();
        assertThat(curl("--interface", "127.0.0.5", https("/")).status()).isZero();
        List<Origin> origins = partners.operations(OpenSession.class).stream()
                .map(OpenSession::origin)
                .toList();
        assertThat(origins)
                .extracting(origin -> origin.protocol() + " " + origin.listener() + " "
                        + origin.client().getAddress().getHostAddress() + " "
                        + origin.local().getPort())
                .containsExactly(
                        "SFTP sftp 127.0.0.3 " + edge.port(Protocol.SFTP),
                        "FTPS ftps 127.0.0.4 " + edge.port(Protocol.FTPS),
                        "HTTPS https 127.0.0.5 " + edge.port(Protocol.HTTPS));
        assertThat(origins.get(0).clientSoftware().orElseThrow()).startsWith("SSH-2.0-OpenSSH");
    }

    @Test
    void largeFoldersAreListedWhole() throws Exception {
        server();
        for (int i = 0; i < 3_000; i++) {
            acme.putFile("/many/file-%04d.txt".formatted(i), new byte[0]);
        }
        assertThat(sftp("ls -1 many").output().lines().filter(line -> line.contains("file-")))
                .hasSize(3_000);
        assertThat(curl("--ssl-reqd", "-l", ftp("/many/")).output().lines()).hasSize(3_000);
    }

    @Test
    void ftpsMovesFilesBothWaysAndResumes() throws Exception {
        server();
        byte[] content = random("a.bin", 3_000_001);
        acme.putFolder("/in");
        ClientProgram.Ended done = lftp("put a.bin; get a.bin -o got.bin; mv a.bin in/b.bin; cls -l in; mkdir x;"
                + " rmdir x; put a.bin -o c.bin; rm c.bin; cd in; pwd");
        assertThat(done.status()).as(done.output() + acme.aborts()).isZero();
        assertThat(done.output()).contains("b.bin").contains("3000001");
        assertThat(folder.resolve("got.bin")).hasBinaryContent(content);
        assertThat(acme.file("/in/b.bin")).contains(content);
        assertThat(acme.paths()).containsExactly("/in", "/in/b.bin");

        Files.write(folder.resolve("half.bin"), Arrays.copyOf(content, 1_000_000));
        ClientProgram.Ended resumed =
                curl("--ssl-reqd", "-C", "-", "-o", folder.resolve("half.bin").toString(), ftp("/in/b.bin"));
        assertThat(resumed.status()).as(resumed.output()).isZero();
        assertThat(folder.resolve("half.bin")).hasBinaryContent(content);
        awaitNoSessions();
    }

    @Test
    void httpsMovesFilesBothWaysAndResumes() throws Exception {
        server();
        byte[] content = random("a.bin", 3_000_001);
        assertThat(curl("-i", "-T", "a.bin", https("/a.bin")).output()).contains("HTTP/2 201");
        assertThat(acme.file("/a.bin")).contains(content);
        Files.write(folder.resolve("half.bin"), Arrays.copyOf(content, 1_000_000));
        assertThat(curl("-C", "-", "-o", "half.bin", https("/a.bin")).status()).isZero();
        assertThat(folder.resolve("half.bin")).hasBinaryContent(content);
        assertThat(curl("-i", "-X", "MOVE", "-H", "Destination: " + https("/b.bin"), https("/a.bin"))
                        .output())
                .contains(" 201");
        assertThat(curl(https("/")).output()).contains("\"name\":\"b.bin\"");
        assertThat(curl("-i", "-X", "DELETE", https("/b.bin")).output()).contains(" 204");
        assertThat(acme.paths()).isEmpty();

        Files.write(folder.resolve("first.bin"), Arrays.copyOf(content, 400_000));
        String range = "Content-Range: bytes 0-399999/" + content.length;
        assertThat(curl("-i", "-H", range, "-T", "first.bin", https("/c.bin")).output())
                .contains(" 202");
        assertThat(curl("-i", "-C", "300000", "-T", "a.bin", https("/c.bin")).output())
                .contains("BAD_OFFSET");
        assertThat(curl("-i", "-C", "400000", "-T", "a.bin", https("/c.bin")).output())
                .contains(" 201");
        assertThat(acme.file("/c.bin")).contains(content);
    }
}
