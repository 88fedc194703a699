package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.delete;
import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.post;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.ZoneName;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.yaml.DurationText;
import io.serai.server.edge.EdgeEnrolments;
import io.serai.server.edge.EdgeEnrolments.Begun;
import io.serai.server.edge.EdgeEnrolments.Former;
import io.serai.server.edge.EdgeEnrolments.Wish;
import io.serai.server.edge.EdgeLinks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Edges over REST: how this node's links to them are, and the enrolment of new ones. */
public final class EdgesApi {
    private static final String VALID = "1h";

    private final EdgeLinks links;
    private final EdgeEnrolments enrolments;

    public EdgesApi(EdgeLinks links, EdgeEnrolments enrolments) {
        this.links = links;
        this.enrolments = enrolments;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get(
                        "/api/v1/edges",
                        "The edges of all zones, and all nodes' links to them",
                        request -> Map.of("edges", new EdgeOverview(links).rows())),
                post(
                                "/api/v1/edges/{name}/enrolment",
                                Role.ADMIN,
                                "Make a code by which a machine becomes this edge; the answer shows it once",
                                this::begin)
                        .taking("zone: text, addresses: list of host:port, valid: duration such as 1h, replace: whether"
                                + " the edge's present key is to be replaced"),
                new ApiOperation(
                        ApiOperation.Method.GET,
                        "/api/v1/enrolments",
                        Role.ADMIN,
                        "The enrolments that this node has begun, without their codes",
                        List.of(),
                        "",
                        request -> Map.of(
                                "enrolments",
                                enrolments.list().stream()
                                        .map(EdgesApi::enrolment)
                                        .toList())),
                delete("/api/v1/edges/{name}/enrolment", Role.ADMIN, "Take a code back", request -> {
                    enrolments.takeBack(new EdgeName(request.pathValue("name")));
                    return Map.of("edge", request.pathValue("name"));
                }));
    }

    private Object begin(ApiRequest request) {
        JsonNode body = request.requireBody();
        List<HostPort> addresses = new ArrayList<>();
        for (JsonNode address : body.path("addresses")) {
            addresses.add(address(address.asText()));
        }
        Wish wish = new Wish(
                new EdgeName(request.pathValue("name")),
                Optional.ofNullable(body.get("zone"))
                        .filter(JsonNode::isTextual)
                        .map(zone -> new ZoneName(zone.asText())),
                addresses,
                valid(body.path("valid").asText(VALID)),
                body.path("replace").asBoolean(false) ? Former.REPLACE : Former.KEEP);
        Begun begun = enrolments.begin(wish, request.caller().name());
        Map<String, Object> answer = new LinkedHashMap<>(enrolment(begun.view()));
        answer.put("code", begun.code());
        return answer;
    }

    private static HostPort address(String text) {
        try {
            return HostPort.parse(text, ObjectDefaults.LINK_PORT);
        } catch (IllegalArgumentException e) {
            throw new SeraiException(ErrorCode.INVALID, "Address \"" + text + "\": " + e.getMessage(), e);
        }
    }

    private static Duration valid(String text) {
        try {
            return DurationText.parse(text);
        } catch (IllegalArgumentException e) {
            throw new SeraiException(ErrorCode.INVALID, "\"" + text + "\" is no duration such as 1h", e);
        }
    }

    private static Map<String, Object> enrolment(EdgeEnrolments.View view) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("edge", view.edge().value());
        row.put("zone", view.zone().value());
        row.put("addresses", view.addresses().stream().map(HostPort::toString).toList());
        row.put("state", view.state().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        row.put("text", view.text());
        row.put("until", view.until());
        row.put("by", view.by());
        return row;
    }
}
