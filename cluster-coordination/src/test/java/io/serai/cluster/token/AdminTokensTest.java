package io.serai.cluster.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.TestDatabase;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class AdminTokensTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private AdminTokens tokens;

    @BeforeEach
    void start() {
        DATABASE.truncate("admin_token");
        tokens = new AdminTokens(DATABASE.database());
    }

    @Test
    void knowsATokenThatItMadeAndNoOther() {
        String secret = tokens.create("ci", TokenRole.OPERATOR, Optional.empty(), "maria");

        assertThat(tokens.verify(secret)).hasValueSatisfying(token -> {
            assertThat(token.name()).isEqualTo("ci");
            assertThat(token.role()).isEqualTo(TokenRole.OPERATOR);
            assertThat(token.createdBy()).isEqualTo("maria");
        });
        assertThat(tokens.verify(secret.substring(1))).isEmpty();
        assertThat(tokens.verify(secret + "0")).isEmpty();
        assertThat(tokens.verify("")).isEmpty();
        assertThat(tokens.verify("serai_\0")).isEmpty();
        assertThat(tokens.list())
                .singleElement()
                .satisfies(token -> assertThat(token.lastUsed()).isPresent());
    }

    @Test
    void keepsNoSecretInTheDatabase() {
        String secret = tokens.create("ci", TokenRole.ADMIN, Optional.empty(), "maria");
        String stored = DATABASE.database().read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("select t::text from admin_token t");
                    ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        });
        assertThat(stored).doesNotContain(secret.substring("serai_".length()));
    }

    @Test
    void refusesARevokedAndAnExpiredToken() {
        String revoked = tokens.create("one", TokenRole.VIEWER, Optional.empty(), "maria");
        String expired = tokens.create("two", TokenRole.VIEWER, Optional.of(Duration.ofMillis(-1)), "maria");
        tokens.revoke("one");
        assertThat(tokens.verify(revoked)).isEmpty();
        assertThat(tokens.verify(expired)).isEmpty();
        assertCode(ErrorCode.NO_SUCH_OBJECT, () -> tokens.revoke("one"));
    }

    @Test
    void refusesANameThatIsTakenOrInvalid() {
        tokens.create("ci", TokenRole.VIEWER, Optional.empty(), "maria");
        assertCode(ErrorCode.CONFLICT, () -> tokens.create("ci", TokenRole.VIEWER, Optional.empty(), "maria"));
        assertCode(ErrorCode.INVALID, () -> tokens.create("a b", TokenRole.VIEWER, Optional.empty(), "maria"));
    }

    private static void assertCode(ErrorCode code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
