package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.post;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.server.identity.SharedIdentities;
import io.serai.server.identity.SharedIdentities.Kind;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Host keys and certificate of the cluster over REST; the keys themselves are never given out. */
public final class IdentitiesApi {
    private final SharedIdentities identities;

    public IdentitiesApi(SharedIdentities identities) {
        this.identities = identities;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get(
                        "/api/v1/identities",
                        "Versions of the cluster's host keys and certificate, newest first",
                        request -> Map.of("versions", identities.versions())),
                post(
                                "/api/v1/identities/{kind}",
                                Role.ADMIN,
                                "Put other host keys or another certificate in force, from each node's next start on",
                                this::replace)
                        .taking("files: {name: text}"),
                post(
                                "/api/v1/identities/{kind}/rollback",
                                Role.ADMIN,
                                "Put an older version in force, from each node's next start on",
                                this::rollback)
                        .taking("version: number"));
    }

    private Object replace(ApiRequest request) {
        Kind kind = kind(request.pathValue("kind"));
        Map<String, String> files = new LinkedHashMap<>();
        JsonNode given = request.requireBody().path("files");
        given.fields()
                .forEachRemaining(
                        file -> files.put(file.getKey(), file.getValue().asText()));
        if (files.isEmpty()) {
            throw new SeraiException(ErrorCode.INVALID, "The body needs files");
        }
        identities.replace(kind, files, request.caller().name());
        return Map.of("versions", identities.versions());
    }

    private Object rollback(ApiRequest request) {
        JsonNode version = request.requireBody().path("version");
        if (!version.isIntegralNumber()) {
            throw new SeraiException(ErrorCode.INVALID, "The body needs a version number");
        }
        identities.rollback(
                kind(request.pathValue("kind")),
                version.asLong(),
                request.caller().name());
        return Map.of("versions", identities.versions());
    }

    private static Kind kind(String word) {
        return Arrays.stream(Kind.values())
                .filter(kind -> kind.word().equals(word))
                .findFirst()
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.INVALID, "\"" + word + "\" is not known; there are host-keys and certificate"));
    }
}
