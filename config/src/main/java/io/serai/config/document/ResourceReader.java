package io.serai.config.document;

import io.serai.config.name.ResourceName;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.RouteResource;
import io.serai.config.yaml.YamlFields;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** {@code kind: DataSource} and {@code kind: ConnectionFactory}. */
final class ResourceReader {
    private static final Map<String, String> OTHER_NAMES = Map.of(
            "username", "user",
            "login", "user",
            "jdbcUrl", "url",
            "host", "url",
            "maxConnections", "connections",
            "poolSize", "connections");

    private final YamlFields document;
    private final YamlFields spec;
    private final SecretFields secrets;

    ResourceReader(YamlFields document, YamlFields spec, SecretFields secrets) {
        this.document = document;
        this.spec = spec;
        this.secrets = secrets;
    }

    Optional<ObjectDraft> read(ObjectKind kind, String name) {
        Optional<ResourceName> resourceName = Names.read(document, name, ResourceName::new);
        Optional<String> url =
                spec.read("url", kind == ObjectKind.DATA_SOURCE ? ResourceReader::database : ResourceReader::broker);
        if (!spec.has("url")) {
            spec.missing(
                    "url",
                    kind == ObjectKind.DATA_SOURCE
                            ? "write url: jdbc:postgresql://HOST:5432/DATABASE"
                            : "write url: tcp://HOST:61616");
        }
        RouteResource resource = new RouteResource(
                kind,
                resourceName.orElse(new ResourceName("unreadable")),
                spec.read("description", Words::description).orElse(""),
                url.orElse("unreadable"),
                spec.read("user", text -> text),
                secrets.read(ObjectDraft.PASSWORD),
                spec.read("xa", Words::flag).orElse(true),
                spec.read("connections", Words.number(1, 200)).orElse(ObjectDefaults.RESOURCE_CONNECTIONS),
                spec.read("timeout", Words.duration(Duration.ofSeconds(1), Duration.ofMinutes(5)))
                        .orElse(ObjectDefaults.RESOURCE_TIMEOUT));
        if (kind == ObjectKind.DATA_SOURCE && !spec.has("user")) {
            spec.missing("user", "a database needs the name of a role that routes log in with");
        }
        if (spec.has(ObjectDraft.PASSWORD) && !spec.has("user")) {
            spec.reject(ObjectDraft.PASSWORD, "needs user");
        }
        spec.finish(OTHER_NAMES);
        return resourceName.map(valid -> new ObjectDraft(resource, document.mark(), Optional.empty(), secrets.kept()));
    }

    private static String database(String text) {
        if (!text.startsWith("jdbc:postgresql://")) {
            throw new IllegalArgumentException("expected jdbc:postgresql://HOST:5432/DATABASE");
        }
        return withoutLogin(text);
    }

    private static String broker(String text) {
        if (!text.startsWith("tcp://") && !text.startsWith("(tcp://")) {
            throw new IllegalArgumentException("expected the address of an Artemis broker, as in tcp://HOST:61616"
                    + " or tcp://HOST:61617?sslEnabled=true");
        }
        return withoutLogin(text);
    }

    /** The address is shown to operators and stands in the database as it is. */
    private static String withoutLogin(String text) {
        if (text.contains("@") || text.toLowerCase(java.util.Locale.ROOT).contains("password=")) {
            throw new IllegalArgumentException("must not hold a login: use the fields user and password");
        }
        return text;
    }
}
