package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.delete;
import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.post;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.cluster.limit.Bans;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.yaml.DurationText;
import io.serai.route.session.AddressRange;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Banned networks over REST; what changes here is in force on every node within a second. */
public final class BansApi {
    private static final Logger LOG = LoggerFactory.getLogger(BansApi.class);

    private final Bans bans;

    public BansApi(Bans bans) {
        this.bans = bans;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get("/api/v1/bans", "Networks that are not let in", request -> Map.of("bans", bans.list())),
                post("/api/v1/bans", Role.OPERATOR, "Ban a network and end its sessions", this::add)
                        .taking(
                                "network: an address or a network in CIDR form, reason: text, for: a duration such as 2h"
                                        + " (without it: until it is removed)"),
                delete("/api/v1/bans/{network}", Role.OPERATOR, "Take a ban away", this::remove));
    }

    private Object add(ApiRequest request) {
        String network = network(request.bodyText("network"));
        JsonNode body = request.requireBody();
        String reason = body.path("reason").asText("");
        Optional<Duration> time =
                Optional.ofNullable(body.get("for")).map(JsonNode::asText).map(BansApi::duration);
        bans.add(network, reason, request.caller().name(), time);
        return Map.of("network", network);
    }

    private Object remove(ApiRequest request) {
        String network = network(request.pathValue("network"));
        if (!bans.remove(network)) {
            throw new SeraiException(ErrorCode.NO_SUCH_OBJECT, "There is no ban of " + network);
        }
        LOG.info("{} took away the ban of {}", request.caller().name(), network);
        return Map.of("network", network);
    }

    private static String network(String text) {
        try {
            return AddressRange.parse(text.strip()).canonical();
        } catch (IllegalArgumentException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "\"" + text + "\" is not an address or network; expected 192.0.2.7, 192.0.2.0/24 or 2001:db8::/64",
                    e);
        }
    }

    private static Duration duration(String text) {
        try {
            return DurationText.parse(text);
        } catch (IllegalArgumentException e) {
            throw new SeraiException(ErrorCode.INVALID, "for: " + e.getMessage(), e);
        }
    }
}
