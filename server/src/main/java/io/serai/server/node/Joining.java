package io.serai.server.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.join.Invitations;
import io.serai.cluster.join.JoinToken;
import io.serai.cluster.node.Nodes;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
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
        SecretText token = settings.node().joinToken().get();
        if (new Nodes(database).isRemoved(settings.node().name())) {
            letInAgain(settings, token, database);
        } else if (!Files.exists(keyFile(settings.home()))) {
            boolean unused = redeem(settings, JoinToken.parse(token.reveal()), database);
        }
    }

    private static void letInAgain(NodeSettings settings, SecretText token, Database database) {
        try {
            // False when somebody else has let it in meanwhile.
            boolean unused = redeem(settings, JoinToken.parse(token.reveal()), database);
        } catch (SeraiException e) {
            throw e.code() == ErrorCode.INVALID ? removed(settings.node().name(), e) : e;
        }
    }

    /** What is wrong with the token, often the one that the server once joined with, says nothing of the removal. */
    private static SeraiException removed(NodeName name, SeraiException reason) {
        return new SeraiException(
                ErrorCode.INVALID,
                "the node \"" + name + "\" was removed from the cluster and does nothing: give this server another"
                        + " node.name, or let it in again with a new token of \"serai nodes invite\" as"
                        + " node.join-token; the present one does not let it in: " + reason.text(),
                reason);
    }

    private static boolean redeem(NodeSettings settings, JoinToken token, Database database) {
        return new Invitations(database).redeem(token, settings.node().name(), keyFile(settings.home()));
    }

    /**
     * Fetches the keys into the home of these settings, without starting a server.
     *
     * @return false when the home needs no invitation: it has the cluster's keys, and its node was not removed
     * @throws SeraiException why that cannot be, with the mend; the token can be used again then
     */
    public static boolean join(NodeSettings settings, JoinToken token) {
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
            return redeem(settings, token, database);
        }
    }
}
