package io.serai.cluster.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.object.Protocol;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class JdbcLedgerTest {
    private static final FencingToken HERE = new FencingToken(new NodeName("here"), 1);
    private static final FencingToken THERE = new FencingToken(new NodeName("there"), 2);

    @RegisterExtension
    static final TestDatabase TEST_DATABASE = new TestDatabase();

    private Database database;
    private LedgerWriter writer;
    private RunningTransfers running;
    private JdbcLedger ledger;

    @BeforeEach
    void start() {
        TEST_DATABASE.truncate("transfer", "event", "node");
        database = TEST_DATABASE.database();
        writer = new LedgerWriter(database);
        running = new RunningTransfers();
        ledger = new JdbcLedger(database, () -> HERE, running, writer, Instant::now);
        writer.start();
    }

    @AfterEach
    void stop() {
        writer.stop();
    }

    @Test
    void downloadsRunInMemoryAndEndInTheTable() {
        Ledger.Download download = ledger.downloadStarted(download("acme", "/out/a\0.csv"));
        assertThat(ledger.get(download.transfer()).orElseThrow().state()).isEqualTo(TransferState.RUNNING);
        assertThat(find("acme", Optional.empty())).hasSize(1);
        download.completed(42);
        download.aborted(1, "too late to matter");
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(ledger.get(download.transfer())).hasValueSatisfying(row -> {
                    assertThat(row.state()).isEqualTo(TransferState.COMPLETED);
                    assertThat(row.sizeBytes()).isEqualTo(42);
                    assertThat(row.ended()).isNotNull();
                }));
    }

    @Test
    void findsByPartyStateNameAndPage() {
        for (int i = 0; i < 30; i++) {
            ledger.downloadStarted(download(i % 2 == 0 ? "acme" : "other", "/out/report_" + i + ".csv"))
                    .completed(i);
        }
        Ledger.Download broken = ledger.downloadStarted(download("acme", "/out/100%.txt"));
        broken.aborted(5, "reset");
        await().atMost(Duration.ofSeconds(5))
                .until(() -> find("acme", Optional.empty()).size() == 16);

        assertThat(find("acme", Optional.of("report_?.csv"))).hasSize(5);
        assertThat(find("acme", Optional.of("REPORT*"))).isEmpty();
        assertThat(find("acme", Optional.of("*%*"))).hasSize(1);
        List<TransferRow> failed = ledger.find(new Ledger.TransferFilter(
                Optional.empty(),
                Optional.of(TransferState.ABORTED),
                Optional.of(TransferKind.DOWNLOAD),
                Optional.empty(),
                Optional.of(Instant.now().minusSeconds(600)),
                Optional.of(Instant.now().plusSeconds(600)),
                10,
                0));
        assertThat(failed).extracting(TransferRow::id).containsExactly(broken.transfer());
        List<TransferRow> page = ledger.find(new Ledger.TransferFilter(
                Optional.of("acme"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                5,
                14));
        assertThat(page).hasSize(2);
    }

    @Test
    void aSearchThatReachesTooFarIsRefusedAndNotCutShort() {
        assertThat(page(Ledger.MOST_FOUND - 5)).isEmpty();
        for (int offset : List.of(Ledger.MOST_FOUND - 4, Integer.MAX_VALUE)) {
            assertThatThrownBy(() -> page(offset)).hasMessageContaining("older ones by until");
        }
    }

    private List<TransferRow> page(int offset) {
        return ledger.find(new Ledger.TransferFilter(
                Optional.of("nobody"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                5,
                offset));
    }

    @Test
    void anyNodeSeesAndCancelsALongTransfer() throws SQLException {
        insertNode("here", 1);
        Ledger.Download download = ledger.downloadStarted(download("acme", "/out/large.bin"));
        TransferSampler sampler = new TransferSampler(
                database, () -> HERE, running, () -> Instant.now().plusSeconds(5));
        sampler.sample();

        JdbcLedger elsewhere = new JdbcLedger(database, () -> THERE, new RunningTransfers(), writer, Instant::now);
        assertThat(elsewhere.get(download.transfer()).orElseThrow().state()).isEqualTo(TransferState.RUNNING);
        assertThat(elsewhere.cancel(download.transfer(), "ops")).isTrue();
        assertThat(download.cancelled()).isFalse();
        sampler.sample();
        assertThat(download.cancelled()).isTrue();
        download.aborted(3, "stopped");
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(
                                elsewhere.get(download.transfer()).orElseThrow().state())
                        .isEqualTo(TransferState.CANCELLED));
        assertThat(elsewhere.cancel(download.transfer(), "ops")).isFalse();
    }

    @Test
    void aLongTransferOfAnEpochThatIsOverIsNotShownAnyMore() {
        Ledger.Download download = ledger.downloadStarted(download("acme", "/out/large.bin"));
        TransferSampler sampler = new TransferSampler(
                database, () -> HERE, running, () -> Instant.now().plusSeconds(5));

        assertThatThrownBy(sampler::sample)
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FENCED));

        JdbcLedger elsewhere = new JdbcLedger(database, () -> THERE, new RunningTransfers(), writer, Instant::now);
        assertThat(elsewhere.get(download.transfer())).isEmpty();
    }

    @Test
    void forgetsOnlyWhatEndedLongAgo() {
        Ledger.Download old = ledger.downloadStarted(download("acme", "/out/old"));
        old.completed(1);
        await().atMost(Duration.ofSeconds(5))
                .until(() -> ledger.get(old.transfer()).orElseThrow().state() == TransferState.COMPLETED);
        assertThat(ledger.forget(Duration.ofDays(1))).isZero();
        TransferId id = old.transfer();
        database.execute(connection -> {
            try (var statement = connection.prepareStatement("update transfer set ended_at = ended_at"
                    + " - interval '3 days', started_at = started_at - interval '3 days' where id = ?")) {
                statement.setObject(1, id.value());
                statement.executeUpdate();
            }
        });
        assertThat(ledger.forget(Duration.ofDays(1))).isEqualTo(1);
        assertThat(ledger.get(id)).isEmpty();
    }

    private List<TransferRow> find(String party, Optional<String> name) {
        return ledger.find(new Ledger.TransferFilter(
                Optional.of(party),
                Optional.empty(),
                Optional.empty(),
                name,
                Optional.empty(),
                Optional.empty(),
                100,
                0));
    }

    private static Ledger.NewDownload download(String account, String path) {
        return new Ledger.NewDownload(
                account, path, Protocol.SFTP, "partners", "192.0.2.1:4711", SessionId.random(), 100);
    }

    private static void insertNode(String name, long epoch) throws SQLException {
        String sql = """
                insert into node (name, epoch, boot_id, version, address, state, lease_until)
                values (?, ?, gen_random_uuid(), '1', 'localhost:2', 'active', clock_timestamp() + interval '1 hour')""";
        try (Connection connection = TEST_DATABASE.settings().connect();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, name);
            statement.setLong(2, epoch);
            statement.executeUpdate();
        }
    }
}
