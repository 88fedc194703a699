package io.serai.server.admin;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.cluster.edge.EdgeFiles;
import io.serai.cluster.edge.EdgeReports.Report;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.server.edge.EdgeLinks;
import io.serai.server.edge.EdgeLinks.EdgeView;
import io.serai.server.edge.EdgeRows;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** The edges as all servers that live see them: this one now, the others as they said a few seconds ago. */
final class EdgeOverview {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<LinkedHashMap<String, Object>> FIELDS = new TypeReference<>() {};

    private final EdgeLinks links;

    EdgeOverview(EdgeLinks links) {
        this.links = links;
    }

    List<Map<String, Object>> rows() {
        Map<EdgeName, List<Map<String, Object>>> servers = new TreeMap<>();
        for (Report report : links.together().reports()) {
            if (!report.node().equals(links.self())) {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("server", report.node().value());
                row.put("ageMillis", report.age().toMillis());
                row.putAll(fields(report.report()));
                servers.computeIfAbsent(report.edge(), edge -> new ArrayList<>())
                        .add(row);
            }
        }
        Map<EdgeName, EdgeFiles.At> files = new TreeMap<>();
        links.together().files().list().forEach(at -> files.put(at.edge(), at));
        List<Map<String, Object>> rows = new ArrayList<>();
        for (EdgeView view : links.edges()) {
            List<Map<String, Object>> seen = new ArrayList<>();
            Map<String, Object> own = new LinkedHashMap<>();
            own.put("server", links.self().value());
            own.put("ageMillis", 0);
            own.putAll(EdgeRows.row(view));
            seen.add(own);
            seen.addAll(servers.getOrDefault(view.edge().name(), List.of()));
            rows.add(row(view, seen, files.get(view.edge().name())));
        }
        return rows;
    }

    private static Map<String, Object> fields(String json) {
        try {
            return JSON.readValue(json, FIELDS);
        } catch (JsonProcessingException e) {
            throw new SeraiException(ErrorCode.DEFECT, "A stored report of an edge cannot be read", e);
        }
    }

    /** This server's view, with the states of all in place of its own. */
    private Map<String, Object> row(
            EdgeView view, List<Map<String, Object>> servers, EdgeFiles.@org.jspecify.annotations.Nullable At files) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("zone", view.zone().objectName());
        row.put("edge", view.edge().name().value());
        row.put(
                "addresses",
                view.edge().addresses().stream().map(HostPort::toString).toList());
        row.put("pins", view.edge().pins().stream().sorted().toList());
        row.putAll(EdgeRows.row(view));
        row.put("state", state(servers));
        row.put("drift", servers.stream().anyMatch(server -> Boolean.TRUE.equals(server.get("drift"))));
        row.put(
                "drained",
                links.together().drains().edges().containsKey(view.edge().name()));
        row.put("linkedBy", names(servers, true));
        row.put("notLinkedBy", names(servers, false));
        if (files != null) {
            row.put("filesVersion", files.version());
            row.put("files", files.state().name().toLowerCase(Locale.ROOT));
        }
        row.put("servers", servers);
        return row;
    }

    private static String state(List<Map<String, Object>> servers) {
        List<Object> states =
                servers.stream().map(server -> server.get("state")).distinct().toList();
        if (states.size() == 1) {
            return String.valueOf(states.get(0));
        }
        return states.contains("down") ? "partly down" : "draining";
    }

    private static List<Object> names(List<Map<String, Object>> servers, boolean linked) {
        return servers.stream()
                .filter(server -> server.containsKey("connections") == linked)
                .map(server -> server.get("server"))
                .filter(Objects::nonNull)
                .toList();
    }
}
