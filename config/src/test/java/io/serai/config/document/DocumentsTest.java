package io.serai.config.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Account;
import io.serai.config.object.Calendar;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.object.Route;
import io.serai.config.object.Schedule;
import io.serai.config.object.Site;
import io.serai.config.secret.GivenSecrets;
import io.serai.config.secret.LocalSecrets;
import io.serai.config.secret.PasswordHasher;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentsTest {
    private static final String MINIMAL_SITE = """
            kind: Site
            name: bank
            spec:
              protocol: ftps
              host: bank.example
              user: serai
              password: hunter2
            """;

    private final PasswordHasher hasher = new PasswordHasher(1);
    private final Documents documents = new Documents(new LocalSecrets(Map.of("PW", "hunter2")), CronCheck.NONE);

    @Test
    void optionalFieldsHaveTheirDefaults() {
        List<ObjectDraft> drafts = parse("""
                kind: Account
                name: acme
                spec:
                  password: env:PW
                ---
                """ + MINIMAL_SITE + """
                ---
                kind: Schedule
                name: nightly
                spec: {cron: ["0 0 2 * * ?"]}
                """);
        Account account = (Account) drafts.get(0).object();
        assertThat(account.enabled()).isTrue();
        assertThat(account.permissions()).isEqualTo(ObjectDefaults.PERMISSIONS);
        assertThat(account.protocols()).isEqualTo(ObjectDefaults.PROTOCOLS);
        assertThat(account.limits()).isEqualTo(ObjectDefaults.LIMITS);
        Site site = (Site) drafts.get(1).object();
        assertThat(site.port()).isEqualTo(21);
        assertThat(site.maxParallel()).isEqualTo(4);
        Schedule schedule = (Schedule) drafts.get(2).object();
        assertThat(schedule.timeZone()).isEqualTo(ObjectDefaults.TIME_ZONE);
        assertThat(schedule.missed()).isEqualTo(Schedule.Missed.RUN_ONCE);
    }

    @Test
    void reportsEveryProblemWithItsPlaceAndMend() {
        assertProblems(
                """
                kind: Account
                name: acme corp
                spec:
                  pasword: x
                  publicKeys:
                    - ssh-ed25519 AAAA
                  permissions: [read, wirte]
                  maxFileSize: 20 gigabytes
                  idleTimeout: 10
                  folders: [/in/../out]
                  allowFrom: [10.1.2.3/8]
                ---
                kind: Sites
                name: bank
                spec: {}
                ---
                kind: Site
                name: bank
                spec:
                  protocol: sftp
                  host: sftp://bank.example
                  port: 70000
                  hostKeys: []
                  enabled: maybe
                  privateKey: not a key hunter2
                """,
                "objects.yaml:6:7: spec.publicKeys[0] is \"ssh-ed25519 AAAA\": the key is cut off; copy the whole line",
                "objects.yaml:2:7: name: Account name \"acme corp\" is not a valid name",
                "objects.yaml:7:23: spec.permissions[1] is \"wirte\": not a choice here; did you mean \"write\"?",
                "objects.yaml:8:16: spec.maxFileSize is \"20 gigabytes\": expected a size such as 256MiB, 20GB",
                "objects.yaml:9:16: spec.idleTimeout is \"10\": expected a duration with its unit",
                "objects.yaml:10:13: spec.folders[0] is \"/in/../out\": expected a folder in the home, such as /inbox;"
                        + " did you mean \"/out\"?",
                "objects.yaml:11:15: spec.allowFrom[0] is \"10.1.2.3/8\": has bits after the prefix; did you mean"
                        + " \"10.0.0.0/8\"?",
                "objects.yaml:4:3: spec.pasword is not a field here; did you mean \"password\"?",
                "objects.yaml:13:7: kind is \"Sites\": there is no such kind; did you mean \"Site\"?",
                "objects.yaml:21:9: spec.host is \"sftp://bank.example\": expected the host only",
                "objects.yaml:22:9: spec.port is \"70000\": expected a whole number from 1 to 65535",
                "objects.yaml:20:3: spec.user is missing: SFTP needs the login name at the site",
                "objects.yaml:25:15: spec.privateKey: expected a private key in OpenSSH's or PEM form",
                "objects.yaml:23:3: spec.hostKeys is not a field here; did you mean \"trust\"?",
                "objects.yaml:24:3: spec.enabled is not a field here");
    }

    @Test
    void neverShowsASecretInAProblem() {
        assertThat(failure("""
                kind: Site
                name: bank
                spec:
                  protocol: https
                  host: bank.example
                  password: hunter2
                  bearerToken: [hunter2]
                  privateKey: hunter2
                """)).message().doesNotContain("hunter2");
    }

    @Test
    void saysWhatAnObjectLacks() {
        assertProblems(
                "name: x\n",
                "objects.yaml:1:1: kind is missing: write kind: Account, Site, Schedule",
                "objects.yaml:1:1: spec is missing");
        assertProblems(
                "kind: Account\nname: acme\nspec: {folders: [/in]}\n",
                "objects.yaml:3:7: spec.password is missing: without password and publicKeys nobody could log in");
        assertProblems("kind: Route\nname: r\nspec: {}\n", "objects.yaml:1:7: kind: a route is a file of its own");
        assertProblems("", "objects.yaml:1:1: the file is empty");
        assertProblems("hello\n", "objects.yaml:1:1: expected a document with kind, name and spec");
        assertProblems("kind: Account\n name: x\n", "objects.yaml:2:6: this is not valid YAML");
    }

    @Test
    void readsCalendarsAndTheSchedulesThatFollowThem() {
        List<ObjectDraft> drafts = parse("""
                kind: Calendar
                name: bank
                spec:
                  weekdays: [saturday, sunday]
                  dates: ["2026-04-03"]
                  yearly: ["12-25", "02-29"]
                ---
                kind: Schedule
                name: monthly
                spec:
                  cron: ["0 0 6 1 * ?"]
                  missed: run-all
                  calendar: bank
                  holidays: next-working-day
                  overlap: allow
                """);
        Calendar calendar = (Calendar) drafts.get(0).object();
        assertThat(calendar.isHoliday(LocalDate.parse("2026-04-03"))).isTrue();
        assertThat(calendar.isHoliday(LocalDate.parse("2027-12-25"))).isTrue();
        assertThat(calendar.isHoliday(LocalDate.parse("2026-04-04"))).isTrue();
        assertThat(calendar.isHoliday(LocalDate.parse("2026-04-07"))).isFalse();
        Schedule schedule = (Schedule) drafts.get(1).object();
        assertThat(schedule.calendar()).contains(calendar.name());
        assertThat(schedule.holidays()).isEqualTo(Schedule.Holidays.NEXT_WORKING_DAY);
        assertThat(schedule.missed()).isEqualTo(Schedule.Missed.RUN_ALL);
        assertThat(schedule.overlap()).isEqualTo(Schedule.Overlap.ALLOW);
        for (ObjectDraft draft : drafts) {
            ConfigObject object = draft.object();
            assertThat(parse(ObjectYaml.export(object).text()).get(0).object()).isEqualTo(object);
        }
    }

    @Test
    void checksCalendars() {
        assertProblems(
                """
                kind: Calendar
                name: bank
                spec:
                  weekdays: [sturday]
                  dates: ["3.4.2026"]
                  yearly: ["2026-12-25"]
                  holidays: []
                """,
                "objects.yaml:4:14: spec.weekdays[0] is \"sturday\": not a choice here",
                "objects.yaml:5:11: spec.dates[0] is \"3.4.2026\": expected a date such as",
                "objects.yaml:6:12: spec.yearly[0] is \"2026-12-25\": expected a month and day such as",
                "objects.yaml:7:3: spec.holidays is not a field here");
        assertProblems(
                "kind: Schedule\nname: n\nspec:\n  cron: [\"0 0 6 1 * ?\"]\n  holidays: skip\n",
                "objects.yaml:4:3: spec.calendar is missing: holidays needs");
    }

    @Test
    void checksSchedules() {
        Documents strict = new Documents(
                new LocalSecrets(Map.of()),
                expression -> expression.startsWith("61") ? Optional.of("61 is no second") : Optional.empty());
        SeraiException e = catchThrowableOfType(
                SeraiException.class, () -> strict.parse(List.of(new DocumentFile("s.yaml", """
                        kind: Schedule
                        name: nightly
                        spec:
                          cron:
                            - 30 2 * * *
                            - 61 0 2 * * ?
                          timeZone: Europe/Berlim
                        """))));
        assertThat(e)
                .hasMessageContaining("s.yaml:5:7: spec.cron[0] is \"30 2 * * *\": has 5 fields")
                .hasMessageContaining("s.yaml:6:7: spec.cron[1] is \"61 0 2 * * ?\": 61 is no second")
                .hasMessageContaining("s.yaml:7:13: spec.timeZone")
                .hasMessageContaining("did you mean \"Europe/Berlin\"?");
    }

    @Test
    void refusesTheSameNameTwiceAlsoAcrossFiles() {
        assertThatThrownBy(() -> documents.parse(List.of(
                        new DocumentFile("a.yaml", MINIMAL_SITE), new DocumentFile("b.yaml", "---\n" + MINIMAL_SITE))))
                .hasMessageContaining("b.yaml:2:1: Site bank is declared twice, first at a.yaml:1:1");
    }

    @Test
    void weakAndWrongKeysAreRefused() {
        String account = "kind: Account\nname: a\nspec:\n  publicKeys: [\"%s\"]\n";
        assertProblems(
                account.formatted("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC/DAy55WigPqQvzZUx0XR0bg5x745V5cLqGtTM87ex"
                        + "cFjvEaGuSlTyt/Kx4L6Nxeh0aWw527SSMKP876/XB3d9E9dZ2gNg0voJZ7l+5e152QUoSI81hhTPinZX9/VuX0"
                        + "CLDul8fsdqD/uzIFztWYPFUQwVdZd3WTMIGtauhIL++Q== old"),
                "objects.yaml:4:16: spec.publicKeys[0]");
        assertThat(failure(account.formatted("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIKhOfyADDoMf6W62QEVHY9fwsC3I")))
                .hasMessageContaining("another algorithm");
        assertThat(failure(account.formatted("command=\\\"x\\\" ssh-ed25519 AAAA")))
                .hasMessageContaining("without options");
        assertThat(failure(account.formatted("-----BEGIN OPENSSH PRIVATE KEY-----")))
                .hasMessageContaining("expected a line such as");
    }

    @Test
    void aRouteFileIsCalledAsItsRoute() {
        String source = "# why\n- route:\n    id: orders\n    from: {uri: \"arrival:acme\"}\n";
        Route route = (Route) documents
                .parse(List.of(new DocumentFile("r/orders.yaml", source)))
                .get(0)
                .object();
        assertThat(route.source()).isEqualTo(source);
        assertThat(route.dsl()).isEqualTo(Route.Dsl.YAML);
        assertThatThrownBy(() -> documents.parse(List.of(new DocumentFile("r/other.yaml", source))))
                .hasMessageContaining("r/other.yaml:3:9: route.id is \"orders\", but the file is called \"other\"");
        assertThatThrownBy(() -> documents.parse(List.of(new DocumentFile("r.yaml", "- route: {from: x}\n"))))
                .hasMessageContaining("r.yaml:1:10: route.id is missing: write id: r");
        assertThatThrownBy(() -> documents.parse(List.of(new DocumentFile("X.java", "class X {}"))))
                .hasMessageContaining(".routeId(\"X\")");
        assertThatThrownBy(() -> documents.parse(List.of(new DocumentFile("orders.yaml", source + source))))
                .hasMessageContaining("orders.yaml:7:5: a second route");
    }

    @Test
    void theSamePasswordAgainKeepsItsHash() {
        ObjectDraft draft =
                parse("kind: Account\nname: acme\nspec: {password: hunter2}\n").get(0);
        ConfigObject first = draft.complete(Optional.empty(), hasher);
        assertThat(draft.complete(Optional.of(first), hasher)).isEqualTo(first);
        ConfigObject other = parse("kind: Account\nname: acme\nspec: {password: other}\n")
                .get(0)
                .complete(Optional.of(first), hasher);
        assertThat(((Account) other).password()).isNotEqualTo(((Account) first).password());
    }

    @Test
    void anExportKeepsTheStoredSecretsWhenItIsAppliedAgain() {
        for (String text : List.of(
                "kind: Account\nname: acme\nspec: {password: hunter2, sessions: 3, maxFileSize: 20GB}\n",
                MINIMAL_SITE + "  trust: [\"sha256/" + "0a".repeat(32) + "\"]\n  timeout: 90s\n")) {
            ConfigObject stored = parse(text).get(0).complete(Optional.empty(), hasher);
            DocumentFile exported = ObjectYaml.export(stored);
            assertThat(exported.text()).doesNotContain("hunter2", "argon2").contains("********");
            ObjectDraft again = documents.parse(List.of(exported)).get(0);
            assertThat(again.complete(Optional.of(stored), hasher)).isEqualTo(stored);
            assertThatThrownBy(() -> again.complete(Optional.empty(), hasher))
                    .isInstanceOf(SeraiException.class)
                    .hasMessageContaining("keeps the stored one, but there is none");
        }
    }

    @Test
    void trustStaysWhileTheServerStaysTheSame() {
        String trusted = MINIMAL_SITE + "  trust: [\"sha256/" + "0a".repeat(32) + "\"]\n";
        ConfigObject stored = parse(trusted).get(0).complete(Optional.empty(), hasher);
        Site again = (Site) parse(MINIMAL_SITE).get(0).complete(Optional.of(stored), hasher);
        assertThat(again.trust()).hasSize(1);
        Site moved = (Site) parse(MINIMAL_SITE.replace("bank.example", "evil.example"))
                .get(0)
                .complete(Optional.of(stored), hasher);
        assertThat(moved.trust()).isEmpty();
        Site cleared = (Site) parse(MINIMAL_SITE + "  trust: []\n").get(0).complete(Optional.of(stored), hasher);
        assertThat(cleared.trust()).isEmpty();
    }

    @Test
    void aServerTakesSecretsOnlyFromWhatCameAlong() {
        List<DocumentFile> files =
                List.of(new DocumentFile("sites/bank.yaml", MINIMAL_SITE.replace("hunter2", "env:PW")));
        LocalSecrets here = new LocalSecrets(Map.of("PW", "hunter2"));
        new Documents(here, CronCheck.NONE).parse(files);
        Site there = (Site) new Documents(new GivenSecrets(here.found()), CronCheck.NONE)
                .parse(files)
                .get(0)
                .object();
        assertThat(there.password()).contains(new SecretText("hunter2"));
        assertThatThrownBy(() -> new Documents(new GivenSecrets(Map.of()), CronCheck.NONE).parse(files))
                .hasMessageContaining("sites/bank.yaml:7:13: spec.password: the secret at env:PW did not come along");
    }

    @Test
    void everyExampleIsRightAndSurvivesItsExport(@TempDir Path folder) throws IOException {
        Path examples = Path.of("src/main/resources/examples");
        Files.writeString(
                folder.resolve("warehouse-key"),
                "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n");
        LocalSecrets secrets = new LocalSecrets(Map.of(
                "ACME_PASSWORD",
                "a",
                "BANK_PASSWORD",
                "b",
                "INSURER_TOKEN",
                "c",
                "CLEARING_PASSWORD",
                "d",
                "PROXY_PASSWORD",
                "e"));
        try (var tree = Files.walk(examples)) {
            List<DocumentFile> files = new java.util.ArrayList<>();
            for (Path file : tree.filter(path -> path.toString().endsWith(".yaml"))
                    .sorted()
                    .toList()) {
                files.add(new DocumentFile(folder.resolve(file.getFileName()).toString(), Files.readString(file)));
            }
            List<ObjectDraft> drafts = new Documents(secrets, CronCheck.NONE).parse(files);
            assertThat(drafts).hasSize(13);
            for (ObjectDraft draft : drafts) {
                ConfigObject object = draft.complete(Optional.empty(), hasher);
                ObjectDraft again =
                        documents.parse(List.of(ObjectYaml.export(object))).get(0);
                assertThat(again.complete(Optional.of(object), hasher)).isEqualTo(object);
            }
        }
    }

    private List<ObjectDraft> parse(String text) {
        return documents.parse(List.of(new DocumentFile("objects.yaml", text)));
    }

    private SeraiException failure(String text) {
        SeraiException e = catchThrowableOfType(SeraiException.class, () -> parse(text));
        assertThat(e).isNotNull();
        assertThat(e.code()).isEqualTo(ErrorCode.INVALID);
        return e;
    }

    private void assertProblems(String text, String... problems) {
        List<String> lines =
                failure(text).text().lines().skip(1).map(String::strip).toList();
        for (String problem : problems) {
            assertThat(lines).anyMatch(line -> line.startsWith(problem), problem);
        }
        assertThat(lines).hasSameSizeAs(problems);
    }
}
