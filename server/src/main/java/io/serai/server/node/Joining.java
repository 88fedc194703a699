package io.serai.server.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.join.Invitations;
import io.serai.cluster.join.JoinToken;
import io.serai.cluster.node.Nodes;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import io.serai.config.settings.NodeSettings;
import java.nio.file.Files;
import java.nio.file.Path;

/** How a server without the cluster's keys gets them, by the token of an invitation. */
public final class Joining {
    private Joining() {}

    /** Where the keys of a home are. */
    static Path keyFile(Path home) {
        return home.resolve("keys").resolve("secrets.json");
    }

    /** With the token from the settings, if there is one and the home has no keys yet or its node was removed. */
    static void joinIfInvited(NodeSettings settings, Database database) {
        if (settings.node().joinToken().isEmpty()) {
            return;
        }
        boolean removed = new Nodes(database).isRemoved(settings.node().name());
        if (removed || !Files.exists(keyFile(settings.home()))) {
            JoinToken token = JoinToken.parse(settings.node().joinToken().get().reveal());
            new Invitations(database).redeem(token, settings.node().name(), keyFile(settings.home()));
        }
    }

    /**
     * Fetches the keys into the home of these settings, without starting a server.
     *
     * @throws SeraiException why that cannot be, with the mend; the token can be used again then
     */
    public static void join(NodeSettings settings, JoinToken token) {
        NodeSettings.External external = settings.database()
                .external()
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.INVALID,
                        "database.url is not set: a node of a cluster works on the cluster's database; the token says "
                                + token.databaseUrl()));
        HomeFolders.make(settings.home());
        DatabaseSettings reach = DatabaseSettings.of(
                        external.url(),
                        external.user(),
                        external.password().orElse(new SecretText("")),
                        settings.node().name().value())
                .withMaxConnections(2);
        try (Database database = new Database(reach)) {
            new Invitations(database).redeem(token, settings.node().name(), keyFile(settings.home()));
        }
    }
}
