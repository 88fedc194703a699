package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.delete;
import static io.serai.server.admin.ApiOperation.post;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tokens of this API over REST. */
public final class TokensApi {
    private static final Logger LOG = LoggerFactory.getLogger(TokensApi.class);

    private final Tokens tokens;

    /** Where tokens are kept; only their digests. */
    public interface Tokens {
        /** Makes a token; it is shown this once. */
        String create(String name, Role role, String by);

        List<?> list();

        void revoke(String name);
    }

    public TokensApi(Tokens tokens) {
        this.tokens = tokens;
    }

    public List<ApiOperation> operations() {
        return List.of(
                new ApiOperation(
                        ApiOperation.Method.GET,
                        "/api/v1/tokens",
                        Role.ADMIN,
                        "The tokens, without what they are",
                        List.of(),
                        "",
                        request -> Map.of("tokens", tokens.list())),
                post("/api/v1/tokens", Role.ADMIN, "Make a token; the answer shows it once", this::create)
                        .taking("name: text, role: viewer, operator or admin"),
                delete("/api/v1/tokens/{name}", Role.ADMIN, "Revoke a token", this::revoke));
    }

    private Object create(ApiRequest request) {
        String name = request.bodyText("name");
        Role role = role(request.bodyText("role"));
        String token = tokens.create(name, role, request.caller().name());
        LOG.warn("{} made the token {} with the role {}", request.caller().name(), name, role);
        return Map.of("name", name, "token", token);
    }

    private Object revoke(ApiRequest request) {
        tokens.revoke(request.pathValue("name"));
        LOG.warn("{} revoked the token {}", request.caller().name(), request.pathValue("name"));
        return Map.of("name", request.pathValue("name"));
    }

    private static Role role(String word) {
        try {
            return Role.valueOf(word.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new SeraiException(
                    ErrorCode.INVALID, "\"" + word + "\" is not a role; there are viewer, operator and admin", e);
        }
    }
}
