package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.post;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.cluster.library.LibraryContents;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.LibraryName;
import io.serai.config.object.Library;
import java.util.Base64;
import java.util.List;

/** Libraries of custom steps over REST; they are listed, rolled back and deleted as configuration objects. */
public final class LibrariesApi {
    private static final int MOST_BYTES = 8 << 20;

    private final LibraryContents contents;
    private final ObjectsApi.Changes changes;

    public LibrariesApi(LibraryContents contents, ObjectsApi.Changes changes) {
        this.contents = contents;
        this.changes = changes;
    }

    public List<ApiOperation> operations() {
        return List.of(post(
                        "/api/v1/libraries/{name}",
                        Role.ADMIN,
                        "Bring a signed JAR with custom steps in force on all nodes, or on none",
                        this::add)
                .taking("jar: Base64 of at most 8 MiB, signature: Base64 of its Ed25519 signature"));
    }

    private Object add(ApiRequest request) {
        JsonNode body = request.requireBody();
        LibraryName name = new LibraryName(request.pathValue("name"));
        byte[] jar = bytes(body.path("jar").asText());
        if (jar.length == 0 || jar.length > MOST_BYTES) {
            throw new SeraiException(
                    ErrorCode.TOO_LARGE, "A library is a JAR of at most " + (MOST_BYTES >> 20) + " MiB");
        }
        String signature = body.path("signature").asText().strip();
        if (signature.isEmpty()) {
            throw new SeraiException(
                    ErrorCode.PERMISSION_DENIED,
                    "The library " + name + " is not signed; give its Ed25519 signature, see the route author's guide");
        }
        String by = request.caller().name();
        return changes.put(new Library(name, contents.put(jar, by), jar.length, signature), by);
    }

    private static byte[] bytes(String base64) {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new SeraiException(ErrorCode.INVALID, "The JAR is not Base64", e);
        }
    }
}
