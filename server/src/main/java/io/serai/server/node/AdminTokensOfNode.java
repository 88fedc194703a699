package io.serai.server.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.token.AdminTokens;
import io.serai.cluster.token.TokenRole;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.server.admin.Caller;
import io.serai.server.admin.Role;
import io.serai.server.admin.TokenCheck;
import io.serai.server.admin.TokensApi;
import java.util.List;
import java.util.Optional;

/** Whose a token is: the local administrator's, which needs no database, or one of the cluster's. */
final class AdminTokensOfNode implements TokenCheck, TokensApi.Tokens {
    private final LocalToken local;
    private final AdminTokens shared;

    AdminTokensOfNode(LocalToken local, Database database) {
        this.local = local;
        this.shared = new AdminTokens(database);
    }

    @Override
    public Optional<Caller> verify(String token) {
        Optional<Caller> caller = local.verify(token);
        if (caller.isPresent()) {
            return caller;
        }
        try {
            return shared.verify(token).map(found -> new Caller(found.name(), role(found.role())));
        } catch (SeraiException e) {
            return Optional.empty(); // without a database nobody but the local administrator can be known
        }
    }

    @Override
    public String create(String name, Role role, String by) {
        if (name.equals(LocalToken.CALLER)) {
            throw new SeraiException(
                    ErrorCode.INVALID, "\"" + name + "\" is the local administrator; choose another name");
        }
        return shared.create(name, TokenRole.valueOf(role.name()), Optional.empty(), by);
    }

    @Override
    public List<?> list() {
        return shared.list();
    }

    @Override
    public void revoke(String name) {
        shared.revoke(name);
    }

    private static Role role(TokenRole role) {
        return switch (role) {
            case VIEWER -> Role.VIEWER;
            case OPERATOR -> Role.OPERATOR;
            case ADMIN -> Role.ADMIN;
        };
    }
}
