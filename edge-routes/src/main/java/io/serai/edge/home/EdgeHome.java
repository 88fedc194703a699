package io.serai.edge.home;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import io.serai.edge.message.EdgeMessages.Grant;
import io.serai.edge.message.EdgeMessages.ServerPin;
import io.serai.edge.message.EdgeMessages.Servers;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkKeyFile;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.Pin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The home folder of an edge. For one process at a time. */
public final class EdgeHome {
    private static final String HEAD =
            "# Who this edge is, and which servers may hold links to it. Written by Serai.\n";

    private final LinkKeyFile keyFile;
    private final Path membership;

    public EdgeHome(Path home) {
        this(home, Optional.empty());
    }

    /** @param passphrase encrypts the link's key; one that is in clear yet is encrypted at its first use */
    public EdgeHome(Path home, Optional<SecretText> passphrase) {
        this.keyFile = new LinkKeyFile(home.resolve("keys").resolve("link.pem"), passphrase);
        this.membership = home.resolve("keys").resolve("servers");
    }

    /** Whether an enrolment has been kept here. */
    public boolean isEnrolled() {
        return Files.exists(membership) && keyFile.exists();
    }

    /** The link's key; made when there is none yet. */
    public LinkIdentity identity() {
        return keyFile.openOrMake(LinkRole.EDGE, "serai-edge", InstantSource.system());
    }

    /** Keeps what an enrolment gave, or what the servers said later. */
    public void keep(Grant grant) {
        StringBuilder text = new StringBuilder(HEAD)
                .append("cluster ")
                .append(grant.cluster())
                .append('\n')
                .append("edge ")
                .append(grant.edge())
                .append('\n')
                .append("revision ")
                .append(grant.servers().revision())
                .append('\n');
        for (ServerPin server : grant.servers().pins()) {
            text.append("server ")
                    .append(server.node())
                    .append(' ')
                    .append(server.pin())
                    .append('\n');
        }
        LinkKeyFile.write(membership, text.toString());
    }

    /** @throws SeraiException {@code INVALID} when there is nothing, or it is damaged */
    public Grant membership() {
        if (!isEnrolled()) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "this edge is not enrolled: run \"serai edge enrol\" on a server, and start the edge with the code"
                            + " that it shows");
        }
        @Nullable String cluster = null;
        @Nullable String edge = null;
        long revision = -1;
        List<ServerPin> servers = new ArrayList<>();
        for (String line : LinkKeyFile.readPrivate(membership).lines().toList()) {
            String[] words = line.split(" ");
            if (line.startsWith("#")) {
                continue;
            }
            if (words.length == 2 && words[0].equals("cluster")) {
                cluster = words[1];
            } else if (words.length == 2 && words[0].equals("edge")) {
                edge = words[1];
            } else if (words.length == 2 && words[0].equals("revision") && words[1].matches("\\d{1,18}")) {
                revision = Long.parseLong(words[1]);
            } else if (words.length == 3 && words[0].equals("server")) {
                servers.add(new ServerPin(words[1], pin(words[2])));
            } else {
                throw damaged();
            }
        }
        if (cluster == null || edge == null || revision < 0) {
            throw damaged();
        }
        return new Grant(cluster, edge, new Servers(revision, servers));
    }

    private String pin(String text) {
        try {
            return new Pin(text).hex();
        } catch (IllegalArgumentException e) {
            SeraiException failure = damaged();
            failure.addSuppressed(e);
            throw failure;
        }
    }

    private SeraiException damaged() {
        return new SeraiException(
                ErrorCode.INVALID, "The file " + membership + " is damaged; remove it and enrol this edge again");
    }
}
