package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.post;

import io.serai.cluster.edge.EdgeFiles;
import io.serai.cluster.edge.EdgeFiles.At;
import io.serai.cluster.edge.EdgeFiles.State;
import io.serai.cluster.edge.EdgeFiles.Version;
import io.serai.config.name.EdgeName;
import io.serai.config.name.ZoneName;
import io.serai.config.object.ObjectDiff;
import io.serai.server.edge.EdgeLinks;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What operators do with edges over REST: drain them, look at their routes, and settle which route files count. */
public final class EdgeWorkApi {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeWorkApi.class);

    private final EdgeLinks links;
    private final EdgeFiles files;

    public EdgeWorkApi(EdgeLinks links) {
        this.links = links;
        this.files = links.together().files();
    }

    public List<ApiOperation> operations() {
        return List.of(
                post("/api/v1/edges/{name}/drain", Role.OPERATOR, "Have an edge take no more partners", request -> {
                    EdgeName name = new EdgeName(request.pathValue("name"));
                    links.drain(name, request.caller().name());
                    return Map.of("edge", name.value(), "drained", true);
                }),
                post("/api/v1/edges/{name}/undrain", Role.OPERATOR, "Have an edge take partners again", request -> {
                    EdgeName name = new EdgeName(request.pathValue("name"));
                    links.undrain(name, request.caller().name());
                    return Map.of("edge", name.value(), "drained", false);
                }),
                get("/api/v1/edges/{name}/routes", "The routes of an edge as files", request -> {
                    return routes(new EdgeName(request.pathValue("name")));
                }),
                get(
                        "/api/v1/edge-files",
                        "The route files of edges that have their own: versions, and where they differ",
                        request -> overview()),
                post("/api/v1/edge-files", Role.ADMIN, "Have edges compare their route files now", this::sync)
                        .taking(
                                "take: the edge whose files are to be the next version; without it nothing is settled"));
    }

    private Object sync(ApiRequest request) {
        String take = request.requireBody().path("take").asText("");
        if (!take.isEmpty()) {
            Version made = files.take(new EdgeName(take), request.caller().name());
            LOG.warn(
                    "{} made the route files of the edge {} version {} of its zone",
                    request.caller().name(),
                    take,
                    made.number());
        }
        links.remind();
        return overview();
    }

    private Map<String, Object> routes(EdgeName name) {
        String zone = links.edge(name).zone().objectName();
        Optional<At> own =
                files.list().stream().filter(at -> at.edge().equals(name)).findFirst();
        boolean isOwn = own.isPresent() && own.get().zone().value().equals(zone);
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("edge", name.value());
        answer.put("from", isOwn ? from(own.get()) : "the zone " + zone);
        answer.put("files", isOwn ? texts(own.get()) : links.zoneFiles(name));
        return answer;
    }

    /** An edge tells its files as long as all of them are in force, and they are not those of its version. */
    private static String from(At at) {
        return switch (at.state()) {
            case SAME -> "its own files, which are version " + at.version() + " of its zone";
            case CHANGED, CONFLICT -> "its own files, which differ from version " + at.version() + " of its zone";
            case BEHIND ->
                "its own files; it has not taken the newest version of its zone yet, and runs version " + at.version();
            case BROKEN ->
                "its own files, of which the servers know only that version " + at.version()
                        + " of its zone came before them; what is wrong there: " + at.problem();
        };
    }

    /** Nothing for a version that is not kept any more. */
    private SortedMap<String, String> texts(At at) {
        return at.files().isEmpty() && at.version() > 0
                ? files.files(at.zone(), at.version()).orElseGet(TreeMap::new)
                : at.files();
    }

    private Map<String, Object> overview() {
        List<Map<String, Object>> zones = new ArrayList<>();
        List<At> all = files.list();
        TreeSet<ZoneName> names = new TreeSet<>();
        all.forEach(at -> names.add(at.zone()));
        for (ZoneName name : names) {
            Map<String, Object> zone = new LinkedHashMap<>();
            zone.put("zone", name.value());
            files.newest(name).ifPresent(version -> {
                zone.put("version", version.number());
                zone.put("edge", version.edge().value());
                zone.put("by", version.by());
                zone.put("at", version.at());
            });
            SortedMap<String, String> newest = files.newestFiles(name);
            zone.put("files", List.copyOf(newest.keySet()));
            zone.put(
                    "edges",
                    all.stream()
                            .filter(at -> at.zone().equals(name))
                            .map(at -> edge(at, newest))
                            .toList());
            zones.add(zone);
        }
        return Map.of("zones", zones);
    }

    private static Map<String, Object> edge(At at, SortedMap<String, String> newest) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("edge", at.edge().value());
        row.put("state", at.state().name().toLowerCase(Locale.ROOT));
        row.put("version", at.version());
        row.put("problem", at.problem());
        row.put("at", at.at());
        boolean differs = at.state() == State.CONFLICT || at.state() == State.CHANGED;
        row.put("differences", differs ? differences(newest, at.files()) : List.of());
        return row;
    }

    private static List<Map<String, Object>> differences(
            SortedMap<String, String> newest, SortedMap<String, String> at) {
        TreeSet<String> names = new TreeSet<>(newest.keySet());
        names.addAll(at.keySet());
        List<Map<String, Object>> all = new ArrayList<>();
        for (String name : names) {
            String there = newest.getOrDefault(name, "");
            String here = at.getOrDefault(name, "");
            if (!there.equals(here)) {
                String what = !newest.containsKey(name)
                        ? "only at the edge"
                        : at.containsKey(name) ? "differs" : "not at the edge";
                all.add(Map.of("file", name, "what", what, "lines", ObjectDiff.lines(there, here)));
            }
        }
        return all;
    }
}
