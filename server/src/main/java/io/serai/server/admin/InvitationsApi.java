package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.delete;
import static io.serai.server.admin.ApiOperation.post;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.yaml.DurationText;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Invitations of new nodes over REST. */
public final class InvitationsApi {
    private static final Logger LOG = LoggerFactory.getLogger(InvitationsApi.class);
    private static final Duration LONGEST = Duration.ofDays(7);
    private static final Duration SHORTEST = Duration.ofMinutes(1);

    private final Guests guests;

    /** Makes and knows invitations. */
    public interface Guests {
        /** An invitation with its token, which is shown this once. */
        Map<String, Object> invite(Duration valid, boolean withPassword, String by);

        List<Map<String, Object>> list();

        void revoke(String id);
    }

    public InvitationsApi(Guests guests) {
        this.guests = guests;
    }

    public List<ApiOperation> operations() {
        return List.of(
                new ApiOperation(
                        ApiOperation.Method.GET,
                        "/api/v1/invitations",
                        Role.ADMIN,
                        "The invitations of new nodes, without their tokens",
                        List.of(),
                        "",
                        request -> Map.of("invitations", guests.list())),
                post(
                                "/api/v1/invitations",
                                Role.ADMIN,
                                "Invite a new node; the answer shows the token once",
                                this::invite)
                        .taking(
                                "valid: duration such as 1h, withPassword: whether the token holds the database's password"),
                delete("/api/v1/invitations/{id}", Role.ADMIN, "Take an invitation back", request -> {
                    guests.revoke(request.pathValue("id"));
                    return Map.of("id", request.pathValue("id"));
                }));
    }

    private Object invite(ApiRequest request) {
        Duration valid = valid(request.bodyText("valid"));
        boolean withPassword = request.requireBody().path("withPassword").asBoolean(false);
        Map<String, Object> made =
                guests.invite(valid, withPassword, request.caller().name());
        LOG.warn("{} invited a new node, invitation {}", request.caller().name(), made.get("id"));
        return made;
    }

    private static Duration valid(String text) {
        Duration valid;
        try {
            valid = DurationText.parse(text);
        } catch (IllegalArgumentException e) {
            throw new SeraiException(ErrorCode.INVALID, "\"" + text + "\" is no duration such as 1h", e);
        }
        if (valid.compareTo(SHORTEST) < 0 || valid.compareTo(LONGEST) > 0) {
            throw new SeraiException(ErrorCode.INVALID, "An invitation is valid for 1 minute to 7 days");
        }
        return valid;
    }
}
