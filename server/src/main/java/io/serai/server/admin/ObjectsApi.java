package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.parameter;
import static io.serai.server.admin.ApiOperation.post;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.cluster.object.ChangeLimits;
import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.cluster.object.ObjectStore.Versioned;
import io.serai.config.document.DocumentFile;
import io.serai.config.document.ObjectYaml;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.Library;
import io.serai.config.object.ObjectKind;
import io.serai.config.secret.SecretText;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Configuration objects over REST. */
public final class ObjectsApi {
    private final ObjectStore objects;
    private final Changes changes;

    /** Plans and makes changes of configuration objects, each as a whole. */
    public interface Changes {
        /** How long a change waits for those that were asked for before it on the same node. */
        Duration TURN_LIMIT = Duration.ofSeconds(60);

        /** How long the answer waits for the other nodes to have the change. */
        Duration NODES_PATIENCE = Duration.ofSeconds(3);

        /** The longest that a change takes: the server keeps its connection for longer, and the client waits even longer. */
        Duration LIMIT = TURN_LIMIT.plus(ChangeLimits.LONGEST).plus(NODES_PATIENCE);

        /**
         * Brings documents in force.
         *
         * @param secrets what references in the documents stand for, by reference
         * @param mode whether to change anything, or only to say what would change
         */
        Applied apply(List<DocumentFile> documents, Map<String, SecretText> secrets, Mode mode, String by);

        Applied delete(List<Key> keys, String by);

        /** Brings a library in force, whose bytes are kept already. */
        Applied put(Library library, String by);

        Applied rollback(Key key, long version, String by);

        /** Encrypts every stored secret under a new key; the number of objects. */
        int rotateSecrets(String by);
    }

    /** Whether to change anything. */
    public enum Mode {
        CHANGE,
        ONLY_SAY
    }

    /**
     * What became, or would become, of an object.
     *
     * @param fields what differs, for people, without secrets
     */
    public record Changed(String kind, String name, Kind change, List<String> fields) {
        public Changed {
            fields = List.copyOf(fields);
        }

        /** What happens to the object. */
        public enum Kind {
            CREATED,
            UPDATED,
            DELETED
        }
    }

    /**
     * What became of a change, and which live nodes have it in force when the answer is given.
     *
     * @param mayBeTakenBack whether it is taken back everywhere when a node that has not yet got it in force fails at it
     */
    public record Applied(List<Changed> changes, List<NodeState> nodes, boolean mayBeTakenBack) {
        public Applied {
            changes = List.copyOf(changes);
            nodes = List.copyOf(nodes);
        }
    }

    /**
     * Whether a live node has a change in force; one that has not still finishes what it does by the former routes, or is
     * frozen or cut off and its lease has not ended yet.
     */
    public record NodeState(String node, boolean inForce) {}

    private record Summary(
            String kind, String name, long version, String change, Instant changedAt, String changedBy) {}

    public ObjectsApi(ObjectStore objects, Changes changes) {
        this.objects = objects;
        this.changes = changes;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get("/api/v1/objects", "Configuration objects", this::list, parameter("kind", kinds())),
                get("/api/v1/objects/{kind}/{name}", "One object as YAML, without its secrets", this::show),
                get("/api/v1/objects/{kind}/{name}/history", "Every version of an object", this::history),
                get("/api/v1/export", "All objects as files for apply, without secrets", this::export),
                post("/api/v1/apply", Role.ADMIN, "Bring documents in force, as a whole or not at all", this::apply)
                        .taking("documents: [{name, text}], secrets: {reference: value}, dryRun: boolean"),
                post("/api/v1/delete", Role.ADMIN, "Delete objects that no other uses", this::delete)
                        .taking("objects: [{kind, name}]"),
                post(
                                "/api/v1/objects/{kind}/{name}/rollback",
                                Role.ADMIN,
                                "Put an older version in force",
                                this::rollback)
                        .taking("version: number"),
                post("/api/v1/secrets/rotate", Role.ADMIN, "Encrypt every secret under a new key", request -> {
                    return Map.of(
                            "objects", changes.rotateSecrets(request.caller().name()));
                }));
    }

    private Object list(ApiRequest request) {
        Optional<ObjectKind> kind = request.queryValue("kind").map(ObjectsApi::kind);
        return Map.of(
                "objects", objects.list(kind).stream().map(ObjectsApi::summary).toList());
    }

    private Object show(ApiRequest request) {
        Key key = key(request);
        Versioned found = objects.get(key.kind(), key.name()).orElseThrow(() -> missing(key));
        ConfigObject object = found.object();
        if (object == null) {
            throw missing(key);
        }
        return Map.of(
                "kind",
                key.kind().word(),
                "name",
                key.name(),
                "version",
                found.version(),
                "yaml",
                ObjectYaml.export(object).text());
    }

    private Object history(ApiRequest request) {
        Key key = key(request);
        List<Versioned> versions = objects.history(key.kind(), key.name());
        if (versions.isEmpty()) {
            throw missing(key);
        }
        return Map.of("versions", versions.stream().map(ObjectsApi::summary).toList());
    }

    private Object export(ApiRequest request) {
        List<DocumentFile> files = new ArrayList<>();
        for (Versioned found : objects.list(Optional.empty())) {
            ConfigObject object = found.object();
            // A library is a signed JAR, which no document holds.
            if (object != null && !(object instanceof Library)) {
                files.add(ObjectYaml.export(object));
            }
        }
        return Map.of("files", files);
    }

    private Object apply(ApiRequest request) {
        JsonNode body = request.requireBody();
        Map<String, SecretText> secrets = new LinkedHashMap<>();
        body.path("secrets")
                .fields()
                .forEachRemaining(entry -> secrets.put(
                        entry.getKey(), new SecretText(entry.getValue().asText())));
        Mode mode = body.path("dryRun").asBoolean() ? Mode.ONLY_SAY : Mode.CHANGE;
        return changes.apply(documents(body), secrets, mode, request.caller().name());
    }

    static List<DocumentFile> documents(JsonNode body) {
        List<DocumentFile> documents = new ArrayList<>();
        for (JsonNode document : body.path("documents")) {
            if (!document.path("name").isTextual() || !document.path("text").isTextual()) {
                throw new SeraiException(ErrorCode.INVALID, "Each document needs a name and a text");
            }
            documents.add(new DocumentFile(
                    document.path("name").asText(), document.path("text").asText()));
        }
        if (documents.isEmpty()) {
            throw new SeraiException(ErrorCode.INVALID, "The body needs a list of documents");
        }
        return documents;
    }

    private Object delete(ApiRequest request) {
        List<Key> keys = new ArrayList<>();
        for (JsonNode object : request.requireBody().path("objects")) {
            keys.add(new Key(
                    kind(object.path("kind").asText()), object.path("name").asText()));
        }
        return changes.delete(keys, request.caller().name());
    }

    private Object rollback(ApiRequest request) {
        JsonNode version = request.requireBody().path("version");
        if (!version.isIntegralNumber()) {
            throw new SeraiException(ErrorCode.INVALID, "The body needs a version number");
        }
        return changes.rollback(key(request), version.asLong(), request.caller().name());
    }

    private static Key key(ApiRequest request) {
        return new Key(kind(request.pathValue("kind")), request.pathValue("name"));
    }

    static ObjectKind kind(String word) {
        return Arrays.stream(ObjectKind.values())
                .filter(kind -> kind.word().equalsIgnoreCase(word))
                .findFirst()
                .orElseThrow(() ->
                        new SeraiException(ErrorCode.INVALID, "\"" + word + "\" is not a kind; there are " + kinds()));
    }

    private static String kinds() {
        return Arrays.stream(ObjectKind.values())
                .map(kind -> kind.word().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
    }

    private static Summary summary(Versioned found) {
        return new Summary(
                found.key().kind().word().toLowerCase(Locale.ROOT),
                found.key().name(),
                found.version(),
                found.object() == null ? "deleted" : found.version() == 1 ? "created" : "updated",
                found.changedAt(),
                found.changedBy());
    }

    private static SeraiException missing(Key key) {
        return new SeraiException(
                ErrorCode.NO_SUCH_OBJECT,
                "There is no " + key.kind().word().toLowerCase(Locale.ROOT) + " \"" + key.name() + "\"");
    }
}
