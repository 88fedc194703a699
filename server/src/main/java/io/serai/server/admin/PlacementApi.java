package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.delete;
import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.post;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.PlacementRule;
import io.serai.cluster.event.PlacementRules;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.yaml.DurationText;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Wishes about where events run, over REST. */
public final class PlacementApi {
    private static final Logger LOG = LoggerFactory.getLogger(PlacementApi.class);
    private static final Duration USUAL_PATIENCE = Duration.ofSeconds(10);

    private final PlacementRules rules;

    public PlacementApi(PlacementRules rules) {
        this.rules = rules;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get(
                        "/api/v1/placement",
                        "Which events are left to which nodes",
                        request -> Map.of("rules", rules.list())),
                post("/api/v1/placement", Role.OPERATOR, "Leave events to nodes with a label for a while", this::put)
                        .taking(
                                "name: text, label: a word of node.labels, at least one of kind, account and route, wait:"
                                        + " a duration (10s unless given)"),
                delete("/api/v1/placement/{name}", Role.OPERATOR, "Take a rule away", this::remove));
    }

    private Object put(ApiRequest request) {
        JsonNode body = request.requireBody();
        PlacementRule rule = new PlacementRule(
                request.bodyText("name"),
                request.bodyText("label"),
                text(body, "kind").map(PlacementApi::kind),
                text(body, "account"),
                text(body, "route").map(RouteId::new),
                text(body, "wait").map(PlacementApi::duration).orElse(USUAL_PATIENCE));
        rules.put(rule, request.caller().name());
        return Map.of("name", rule.name());
    }

    private Object remove(ApiRequest request) {
        String name = request.pathValue("name");
        if (!rules.remove(name)) {
            throw new SeraiException(ErrorCode.NO_SUCH_OBJECT, "There is no placement rule \"" + name + "\"");
        }
        LOG.info("{} took away the placement rule {}", request.caller().name(), name);
        return Map.of("name", name);
    }

    private static Optional<String> text(JsonNode body, String field) {
        return Optional.ofNullable(body.get(field)).map(JsonNode::asText).filter(text -> !text.isEmpty());
    }

    private static EventKind kind(String word) {
        try {
            return EventKind.valueOf(word.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "\"" + word + "\" is not a kind of event; there are arrival, pull, schedule and resubmit",
                    e);
        }
    }

    private static Duration duration(String text) {
        try {
            return DurationText.parse(text);
        } catch (IllegalArgumentException e) {
            throw new SeraiException(ErrorCode.INVALID, "wait: " + e.getMessage(), e);
        }
    }
}
