package io.serai.config.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsLoaderTest {
    @TempDir
    Path folder;

    private Path file;
    private Path home;

    @BeforeEach
    void setUp() {
        file = folder.resolve("serai.yaml");
        home = folder.resolve("home");
    }

    @Test
    void withNothingGivenEverythingHasItsDefault() {
        NodeSettings settings = new SettingsLoader(Map.of("HOSTNAME", "inn_7.example"), Set.of())
                .load(Optional.empty(), List.of(), home);
        assertThat(settings.home()).isEqualTo(home);
        assertThat(settings.node().name().value()).isEqualTo("inn_7.example");
        assertThat(settings.node().lease()).isEqualTo(Duration.ofSeconds(8));
        assertThat(settings.storage().root()).isEqualTo(home.resolve("storage"));
        assertThat(settings.database().external()).isEmpty();
        assertThat(settings.sftp().listener()).isEqualTo(new NodeSettings.Listener(true, "0.0.0.0", 2222));
        assertThat(settings.ftps().passivePorts()).hasToString("50000-50999");
        assertThat(settings.admin().address()).isEqualTo("127.0.0.1");
        assertThat(settings.ledger().retention()).isEqualTo(Duration.ofDays(400));
    }

    @Test
    void environmentWinsOverFileAndSetWinsOverBoth() throws IOException {
        write("""
                sftp:
                  port: 1
                  bind-address: 10.0.0.1
                ftps.port: 1
                https: {port: 1, enabled: false}
                tls:
                  host-names: [inn.example, 10.0.0.1]
                """);
        NodeSettings settings = load(
                Map.of("SERAI_SFTP_PORT", "2", "SERAI_FTPS_PORT", "2", "SERAI_DATABASE_MAX_CONNECTIONS", "7"),
                "sftp.port=3");
        assertThat(settings.sftp().listener()).isEqualTo(new NodeSettings.Listener(true, "10.0.0.1", 3));
        assertThat(settings.ftps().explicit().port()).isEqualTo(2);
        assertThat(settings.https().listener()).isEqualTo(new NodeSettings.Listener(false, "0.0.0.0", 1));
        assertThat(settings.database().maxConnections()).isEqualTo(7);
        assertThat(settings.tls().hostNames()).containsExactly("inn.example", "10.0.0.1");
    }

    @Test
    void externalDatabaseTakesItsPasswordFromWhereItIsKept() throws IOException {
        Files.createDirectories(home);
        Files.writeString(home.resolve("pw"), "s3cret\n");
        write("""
                database:
                  url: jdbc:postgresql://db1,db2/serai
                  user: serai
                  password: file:pw
                """);
        NodeSettings.External database = load(Map.of()).database().external().orElseThrow();
        assertThat(database.password()).contains(new SecretText("s3cret"));
        assertThat(database.toString()).doesNotContain("s3cret");
    }

    @Test
    void reportsEveryProblemWithItsPlaceAndMend() throws IOException {
        write("""
                node:
                  nmae: inn-1
                  lease: 10
                sftp:
                  port: 99999
                  port: 22
                fpts:
                  port: 2121
                https: yes
                storage:
                  content-retention:
                """);
        assertProblems(
                load(
                        Map.of("SERAI_SFTP_PROT", "22", "SERAI_TOKEN", "not a setting", "SERAI_LOG_FORMAT", "xml"),
                        List.of("sftp.prt=1", "ledger.retention", "admin.port=-1")),
                file + ":2:3: node.nmae is not a setting; did you mean \"node.name\"?",
                file
                        + ":3:10: node.lease is \"10\": expected a duration with its unit, such as 500ms, 10s, 5m, 24h or 7d",
                file + ":6:3: sftp.port is given twice, first at " + file + ":5:9; remove one of the two",
                file + ":7:1: fpts is not a setting",
                file + ":9:8: https: expected settings (key: value), found a plain value",
                file + ":11:3: storage.content-retention has no value: give one, or remove the line for the default",
                "environment variable SERAI_SFTP_PROT: no setting has this name; did you mean \"SERAI_SFTP_PORT\"?",
                "--set sftp.prt: sftp.prt is not a setting; did you mean \"sftp.port\"?",
                "--set ledger.retention: expected key=value, such as --set sftp.port=2222",
                file + ":5:9: sftp.port is \"99999\": expected a port from 1 to 65535, or 0 for a free one",
                "--set admin.port: admin.port is \"-1\": expected a port from 1 to 65535, or 0 for a free one",
                "environment variable SERAI_LOG_FORMAT: log.format is \"xml\": expected one of text, json");
    }

    @Test
    void reportsWhatDoesNotFitTogether() {
        assertProblems(
                load(
                        Map.of("SERAI_TLS_KEY", "key.pem", "SERAI_DATABASE_PASSWORD", "hunter2"),
                        List.of("ftps.port=2222", "events.max-retry=2s")),
                "environment variable SERAI_DATABASE_PASSWORD: database.password: needs database.url; the embedded"
                        + " database has a password of its own",
                "environment variable SERAI_TLS_KEY: tls.key: tls.certificate is missing: name the file with the key's"
                        + " certificate",
                "--set events.max-retry: events.max-retry: events.first-retry must not be longer than"
                        + " events.max-retry",
                "--set ftps.port: ftps.port: port 2222 is taken by both sftp.port and ftps.port; give one of them another"
                        + " port");
        assertProblems(
                load(Map.of("SERAI_DATABASE_URL", "jdbc:oracle:thin:@db"), List.of("database.port=5432")),
                "environment variable SERAI_DATABASE_URL: database.url: expected jdbc:postgresql://host:port/database;"
                        + " PostgreSQL is the only database that is supported",
                "environment variable SERAI_DATABASE_URL: database.url: database.user is missing: set it to the user at"
                        + " this database",
                "--set database.port: database.port: is for the embedded database only; remove it, or remove"
                        + " database.url");
    }

    @Test
    void neverShowsASecretInAProblem() {
        SeraiException e = load(
                Map.of(
                        "SERAI_DATABASE_URL", "jdbc:postgresql://db/serai",
                        "SERAI_DATABASE_USER", "serai",
                        "SERAI_DATABASE_PASSWORD", "env:no such name hunter2"),
                List.of());
        assertThat(e)
                .hasMessageContaining("name of an environment variable")
                .message()
                .doesNotContain("hunter2");
    }

    @Test
    void saysWhereTheYamlIsBroken() throws IOException {
        write("sftp:\n  port: 2222\n bad\n");
        assertThat(load(Map.of(), List.of())).hasMessageContaining(file + ":3:").hasMessageContaining("not valid YAML");
        write("sftp:\n\tport: 2222\n");
        assertThat(load(Map.of(), List.of()))
                .hasMessageContaining(file + ":2:1")
                .hasMessageContaining("not tabs");
    }

    @Test
    void saysThatAFileIsMissing() {
        assertThat(catchThrowableOfType(
                        SeraiException.class,
                        () -> new SettingsLoader(Map.of(), Set.of())
                                .load(Optional.of(folder.resolve("absent.yaml")), List.of(), home)))
                .hasMessageContaining("absent.yaml cannot be read");
    }

    private void write(String yaml) throws IOException {
        Files.writeString(file, yaml);
    }

    private NodeSettings load(Map<String, String> environment, String... overrides) {
        return new SettingsLoader(environment, Set.of("SERAI_TOKEN")).load(Optional.of(file), List.of(overrides), home);
    }

    /** The exception of a loading that must fail. */
    private SeraiException load(Map<String, String> environment, List<String> overrides) {
        Optional<Path> path = Files.exists(file) ? Optional.of(file) : Optional.empty();
        SeraiException e = catchThrowableOfType(
                SeraiException.class,
                () -> new SettingsLoader(environment, Set.of("SERAI_TOKEN")).load(path, overrides, home));
        assertThat(e).isNotNull();
        assertThat(e.code()).isEqualTo(ErrorCode.INVALID);
        return e;
    }

    private static void assertProblems(SeraiException e, String... problems) {
        List<String> lines = e.text().lines().skip(1).map(String::strip).toList();
        assertThat(lines).hasSameSizeAs(problems);
        for (String problem : problems) {
            assertThat(lines).anyMatch(line -> line.startsWith(problem), problem);
        }
    }
}
