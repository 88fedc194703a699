package io.serai.config.object;

import io.serai.config.name.ResourceName;
import io.serai.config.secret.SecretText;
import java.time.Duration;
import java.util.Optional;

/**
 * What routes work with beside files: a PostgreSQL database ({@code kind: DataSource}) or an Artemis message broker
 * ({@code kind: ConnectionFactory}).
 *
 * @param kind {@code DATA_SOURCE} or {@code CONNECTION_FACTORY}
 * @param url {@code jdbc:postgresql://…}, or the broker's address
 * @param xa whether it takes part in transactions
 * @param connections the most connections of a node at the same time
 * @param timeout how long an answer may take
 */
public record RouteResource(
        ObjectKind kind,
        ResourceName name,
        String description,
        String url,
        Optional<String> user,
        Optional<SecretText> password,
        boolean xa,
        int connections,
        Duration timeout)
        implements ConfigObject {
    public RouteResource {
        if (kind != ObjectKind.DATA_SOURCE && kind != ObjectKind.CONNECTION_FACTORY) {
            throw new IllegalArgumentException(kind + " is not a resource of routes");
        }
    }

    @Override
    public String objectName() {
        return name.value();
    }
}
