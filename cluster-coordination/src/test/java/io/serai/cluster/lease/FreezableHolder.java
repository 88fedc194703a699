package io.serai.cluster.lease;

import io.serai.cluster.database.DatabaseSettings;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A node that writes a row under its lease as often as it can, and says what happens. To be frozen and killed. */
public final class FreezableHolder {
    private FreezableHolder() {}

    /** Arguments: URL, user, node, milliseconds of a lease. */
    public static void main(String[] arguments) throws Exception {
        DatabaseSettings settings = DatabaseSettings.of(
                arguments[0], arguments[1], new SecretText(System.getenv("DATABASE_PASSWORD")), arguments[2]);
        LeaseNode node = new LeaseNode(settings, arguments[2], Duration.ofMillis(Long.parseLong(arguments[3])));
        AtomicReference<Optional<LeaseToken>> last = new AtomicReference<>(Optional.empty());
        node.keeper().enter(new LeaseName("leader", "writer"), new LeaseHolder() {
            @Override
            public void gained(LeaseToken token) {
                last.set(Optional.of(token));
                System.out.println("gained " + token.token());
            }

            @Override
            public void lost(LeaseToken token) {
                System.out.println("lost " + token.token());
            }
        });
        while (true) {
            // The last token is used even after its loss: the guard alone must refuse it.
            last.get().ifPresent(token -> write(node, token));
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    static void write(LeaseNode node, LeaseToken token) {
        try {
            node.database().execute(connection -> {
                LeaseFence.guard(connection, token);
                try (PreparedStatement statement =
                        connection.prepareStatement("insert into written (token) values (?)")) {
                    statement.setLong(1, token.token());
                    statement.executeUpdate();
                }
            });
        } catch (SeraiException e) {
            System.out.println("refused " + e.code());
        }
    }
}
