package io.serai.server.node;

import io.serai.cluster.join.Invitations;
import io.serai.cluster.join.Invitations.Invitation;
import io.serai.cluster.join.JoinToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretBox;
import io.serai.config.secret.SecretText;
import io.serai.config.settings.NodeSettings;
import io.serai.server.admin.InvitationsApi;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Invitations of new nodes, made by this one. */
final class NodeInvitations implements InvitationsApi.Guests {
    private final NodeSettings settings;
    private final Invitations invitations;
    private final SecretBox secrets;

    NodeInvitations(NodeSettings settings, NodeDatabase database, SecretBox secrets) {
        this.settings = settings;
        this.invitations = new Invitations(database.database());
        this.secrets = secrets;
    }

    @Override
    public Map<String, Object> invite(Duration valid, boolean withPassword, String by) {
        NodeSettings.External external = settings.database()
                .external()
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.INVALID,
                        "this server runs on its own embedded database, which no other server can reach: an Enterprise"
                                + " Cluster needs a PostgreSQL of yours (database.url)"));
        Optional<SecretText> password = withPassword ? external.password() : Optional.empty();
        Invitation made = invitations.create(secrets, valid, by);
        JoinToken token = new JoinToken(
                made.cluster(),
                made.id(),
                made.secret(),
                external.url(),
                external.user(),
                password,
                settings.storage().root().toString());
        return Map.of(
                "id",
                made.id().toString(),
                "token",
                token.reveal(),
                "expires",
                made.expires(),
                "database",
                external.url());
    }

    @Override
    public List<Map<String, Object>> list() {
        return invitations.list().stream()
                .map(invitation -> {
                    Map<String, Object> row = new LinkedHashMap<>();
                    row.put("id", invitation.id().toString());
                    row.put("created", invitation.created());
                    row.put("createdBy", invitation.createdBy());
                    row.put("expires", invitation.expires());
                    row.put(
                            "state",
                            invitation.used().isPresent() ? "used" : invitation.expired() ? "expired" : "open");
                    Optional<Instant> used = invitation.used();
                    row.put("used", used.orElse(null));
                    row.put("usedBy", invitation.usedBy().orElse(null));
                    return row;
                })
                .toList();
    }

    @Override
    public void revoke(String id) {
        try {
            invitations.revoke(UUID.fromString(id));
        } catch (IllegalArgumentException e) {
            throw new SeraiException(ErrorCode.INVALID, "\"" + id + "\" is no id of an invitation", e);
        }
    }
}
