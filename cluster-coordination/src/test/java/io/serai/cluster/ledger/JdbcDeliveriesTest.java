package io.serai.cluster.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventKind;
import io.serai.cluster.ledger.Deliveries.Delivery;
import io.serai.cluster.ledger.Deliveries.Stage;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.FileId;
import io.serai.config.name.HostPort;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;
import io.serai.config.object.Protocol;
import java.sql.PreparedStatement;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class JdbcDeliveriesTest {
    private static final FencingToken FIRST = new FencingToken(new NodeName("node-1"), 1);
    private static final FencingToken SECOND = new FencingToken(new NodeName("node-2"), 2);

    @RegisterExtension
    static final TestDatabase TEST_DATABASE = new TestDatabase();

    private final RunningTransfers running = new RunningTransfers();
    private Database database;
    private JdbcDeliveries deliveries;
    private JdbcLedger ledger;

    @BeforeEach
    void clear() {
        TEST_DATABASE.truncate("event", "delivery", "transfer", "node");
        database = TEST_DATABASE.database();
        insertNode();
        deliveries = new JdbcDeliveries(database, running);
        ledger = new JdbcLedger(database, () -> FIRST, running, new LedgerWriter(database), InstantSource.system());
    }

    @Test
    void deliversOnceAndFindsItDoneAfterwards() {
        ClaimedEvent event = claimed(FIRST);
        Delivery delivery = deliveries.begin(event, "to-bank", target("a.tmp", "a.csv"));
        assertThat(delivery.stage()).isEqualTo(Stage.SENDING);
        assertThat(delivery.parts()).isEmpty();
        assertThat(row(delivery).state()).isEqualTo(TransferState.RUNNING);
        deliveries.renaming(delivery, 7, "abc");
        deliveries.delivered(delivery, 7, "abc");

        TransferRow row = row(delivery);
        assertThat(row.state()).isEqualTo(TransferState.COMPLETED);
        assertThat(row.kind()).isEqualTo(TransferKind.DELIVERY);
        assertThat(row.site()).isEqualTo("bank");
        assertThat(row.event()).isEqualTo(event.id().value());
        assertThat(row.sizeBytes()).isEqualTo(7);

        Delivery again = deliveries.begin(event, "to-bank", target("b.tmp", "a.csv"));
        assertThat(again.stage()).isEqualTo(Stage.DELIVERED);
        assertThat(again.sha256()).contains("abc");
        assertThat(row(again).attempts()).isEqualTo(1);
    }

    @Test
    void retryAfterSendingUsesANewTemporaryNameAndTheSameRow() {
        Delivery first = deliveries.begin(claimed(FIRST), "to-bank", target("a.tmp", "a.csv"));
        deliveries.failed(first, ErrorCode.SITE_TIMEOUT, "silence", 3, List.of(first.part()));
        assertThat(row(first).state()).isEqualTo(TransferState.FAILED);
        assertThat(row(first).errorCode()).isEqualTo("SITE_TIMEOUT");

        Delivery second = deliveries.begin(reclaimed(first.event(), SECOND), "to-bank", target("b.tmp", "a.csv"));
        assertThat(second.transfer()).isEqualTo(first.transfer());
        assertThat(second.tempName()).isEqualTo("b.tmp");
        assertThat(second.parts()).containsExactly(first.part());
        assertThat(second.isBegunBy(first.part())).isTrue();
        assertThat(row(second).attempts()).isEqualTo(2);
        assertThat(row(second).node()).isEqualTo("node-2");
        assertThat(row(second).errorCode()).isNull();
    }

    @Test
    void whatIsAtTheSiteIsKeptThroughAttemptsThatCreateNothing() {
        Delivery first = deliveries.begin(claimed(FIRST), "to-bank", target("a.tmp", "a.csv"));
        deliveries.failed(first, ErrorCode.SITE_TIMEOUT, "silence", 3, List.of(first.part()));
        ClaimedEvent event = first.event();
        for (int i = 0; i < 30; i++) {
            event = reclaimed(event, SECOND);
            Optional<String> source = i % 2 == 0 ? Optional.of("bb") : Optional.empty();
            Delivery vain = deliveries.begin(event, "to-bank", target("vain" + i + ".tmp", "a.csv", source));
            assertThat(vain.parts()).containsExactly(first.part());
            assertThat(vain.isBegunBy(first.part())).isFalse();
            deliveries.failed(vain, ErrorCode.SITE_TIMEOUT, "not reached", 0, vain.parts());
        }
        // A node that dies may have created something.
        event = reclaimed(event, FIRST);
        Delivery died = deliveries.begin(event, "to-bank", target("b.tmp", "a.csv", Optional.of("bb")));
        event = reclaimed(event, SECOND);
        Delivery last = deliveries.begin(event, "to-bank", target("c.tmp", "a.csv"));
        assertThat(last.parts()).containsExactly(died.part(), first.part());
        assertThat(last.isBegunBy(died.part())).isFalse();
        assertThat(last.isBegunBy(first.part())).isTrue();
        deliveries.failed(last, ErrorCode.SITE_FAILED, "broke", 5, List.of(last.part()));
        event = reclaimed(event, SECOND);
        assertThat(deliveries.begin(event, "to-bank", target("d.tmp", "a.csv")).parts())
                .containsExactly(last.part());
    }

    @Test
    void retryAfterRenamingKeepsTheNames() {
        Delivery first = deliveries.begin(claimed(FIRST), "to-bank", target("a.tmp", "a.csv"));
        deliveries.renaming(first, 9, "def");
        Delivery second = deliveries.begin(reclaimed(first.event(), SECOND), "to-bank", target("b.tmp", "b.csv"));
        assertThat(second.stage()).isEqualTo(Stage.RENAMING);
        assertThat(second.tempName()).isEqualTo("a.tmp");
        assertThat(second.finalName()).isEqualTo("a.csv");
        assertThat(second.sizeBytes()).isEqualTo(9);
        deliveries.delivered(second, 9, "def");
        assertThat(row(second).state()).isEqualTo(TransferState.COMPLETED);
    }

    @Test
    void eachPartAndTheRenameHaveTheirAddress() {
        HostPort primary = new HostPort("192.0.2.9", 22);
        HostPort second = new HostPort("2001:db8::9", 2222);
        Delivery first = deliveries.begin(claimed(FIRST), "to-bank", target("a.tmp", primary));
        assertThat(first.part().address()).contains(primary);
        ClaimedEvent event = reclaimed(first.event(), SECOND);
        assertFenced(() -> deliveries.at(first, second));
        Delivery moved = deliveries.at(deliveries.begin(event, "to-bank", target("b.tmp", primary)), second);
        assertThat(moved.parts()).containsExactly(first.part());

        event = reclaimed(event, FIRST);
        Delivery third = deliveries.begin(event, "to-bank", target("c.tmp", primary));
        assertThat(third.parts()).containsExactly(moved.part(), first.part());
        assertThat(third.parts().get(0).address()).contains(second);
        Delivery there = deliveries.at(third, second);
        deliveries.renaming(there, 9, "def");

        Delivery last = deliveries.begin(reclaimed(event, SECOND), "to-bank", target("d.tmp", primary));
        assertThat(last.stage()).isEqualTo(Stage.RENAMING);
        assertThat(last.address()).contains(second);
        assertThat(last.parts()).isEqualTo(third.parts());
    }

    /** Which recorded no addresses of parts. */
    @Test
    void aRenameOfAnOlderVersionWasToHappenAtThePeerOfTheTransfer() {
        HostPort given = new HostPort("192.0.2.77", 22);
        Delivery first = deliveries.begin(claimed(FIRST), "to-bank", target("a.tmp", "a.csv"));
        assertThat(first.address()).isEmpty();
        ClaimedEvent event = reclaimed(first.event(), SECOND);
        Delivery anew = deliveries.begin(event, "to-bank", target("b.tmp", given));
        assertThat(anew.stage()).isEqualTo(Stage.SENDING);
        assertThat(anew.address()).contains(given);

        Delivery other = deliveries.begin(claimed(FIRST), "to-bank", target("c.tmp", "c.csv"));
        deliveries.renaming(other, 9, "def");
        event = reclaimed(other.event(), SECOND);
        for (int i = 0; i < 2; i++) {
            Delivery later = deliveries.begin(event, "to-bank", target("d.tmp", given));
            assertThat(later.stage()).isEqualTo(Stage.RENAMING);
            assertThat(later.address()).contains(new HostPort("192.0.2.9", 22));
            event = reclaimed(event, FIRST);
        }
    }

    private static Deliveries.Target target(String temporary, HostPort address) {
        Deliveries.Target plain = target(temporary, "a.csv");
        return new Deliveries.Target(
                plain.site(),
                plain.protocol(),
                plain.peer(),
                plain.tempName(),
                plain.finalName(),
                plain.sourceSha256(),
                Optional.of(address));
    }

    @Test
    void formerOwnerIsFencedAtEveryStep() {
        Delivery first = deliveries.begin(claimed(FIRST), "to-bank", target("a.tmp", "a.csv"));
        reclaimed(first.event(), SECOND);
        assertFenced(() -> deliveries.begin(first.event(), "to-bank", target("c.tmp", "a.csv")));
        assertFenced(() -> deliveries.renaming(first, 1, "x"));
        assertFenced(() -> deliveries.requireOwned(first));
        assertFenced(() -> deliveries.delivered(first, 1, "x"));
        assertFenced(() -> deliveries.failed(first, ErrorCode.SITE_FAILED, "x", 0, List.of()));
        assertThat(row(first).state()).isEqualTo(TransferState.RUNNING);
    }

    @Test
    void earlierAttemptOfTheSameNodeIsFenced() {
        Delivery first = deliveries.begin(claimed(FIRST), "to-bank", target("a.tmp", "a.csv"));
        reclaimed(first.event(), FIRST);
        assertFenced(() -> deliveries.delivered(first, 1, "x"));
    }

    @Test
    void operatorStopsARunningDelivery() throws Exception {
        Delivery delivery = deliveries.begin(claimed(FIRST), "to-bank", target("a.tmp", "a.csv"));
        AtomicBoolean stopped = new AtomicBoolean();
        try (AutoCloseable registration = deliveries.onCancel(delivery.transfer(), () -> stopped.set(true))) {
            new JdbcLedger(database, () -> SECOND, new RunningTransfers(), new LedgerWriter(database), Instant::now)
                    .cancel(delivery.transfer(), "ops");
            new TransferSampler(database, () -> FIRST, running, Instant::now).sample();
            assertThat(stopped).isTrue();
        }
        deliveries.failed(delivery, ErrorCode.CANCELLED, "cancelled by ops", 0, List.of());
        assertThat(row(delivery).state()).isEqualTo(TransferState.CANCELLED);
    }

    private TransferRow row(Delivery delivery) {
        return ledger.get(delivery.transfer()).orElseThrow();
    }

    /** Whose lease holds. */
    private void insertNode() {
        database.execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("""
                    insert into node (name, epoch, boot_id, version, address, state, lease_until)
                    values (?, ?, gen_random_uuid(), '1', 'here', 'active', clock_timestamp() + interval '1 hour')""")) {
                statement.setString(1, FIRST.node().value());
                statement.setLong(2, FIRST.epoch());
                statement.executeUpdate();
            }
        });
    }

    private static Deliveries.Target target(String temporary, String name) {
        return target(temporary, name, Optional.of("aa"));
    }

    private static Deliveries.Target target(String temporary, String name, Optional<String> source) {
        return new Deliveries.Target(
                new SiteName("bank"), Protocol.SFTP, "192.0.2.9:22", temporary, name, source, Optional.empty());
    }

    private ClaimedEvent claimed(FencingToken token) {
        long id = database.transaction(connection -> {
            String sql = """
                    insert into event (kind, route_id, account, path, state, claimed_by, claimed_epoch, claimed_at)
                    values ('arrival', 'r', 'acme', '/a.csv', 'claimed', ?, ?, clock_timestamp()) returning id""";
            try (var statement = connection.prepareStatement(sql)) {
                statement.setString(1, token.node().value());
                statement.setLong(2, token.epoch());
                try (var rows = statement.executeQuery()) {
                    rows.next();
                    return rows.getLong(1);
                }
            }
        });
        return event(new EventId(id), 1, token);
    }

    /** As after a failed attempt or a takeover. */
    private ClaimedEvent reclaimed(ClaimedEvent event, FencingToken token) {
        database.execute(connection -> {
            String sql = "update event set claimed_by = ?, claimed_epoch = ?, attempts = attempts + 1 where id = ?";
            try (var statement = connection.prepareStatement(sql)) {
                statement.setString(1, token.node().value());
                statement.setLong(2, token.epoch());
                statement.setLong(3, event.id().value());
                statement.executeUpdate();
            }
        });
        return event(event.id(), event.attempt() + 1, token);
    }

    private static ClaimedEvent event(EventId id, int attempt, FencingToken token) {
        return new ClaimedEvent(
                id,
                EventKind.ARRIVAL,
                new RouteId("r"),
                "acme",
                Optional.empty(),
                Optional.of(FileId.random()),
                "/a.csv",
                Map.of(),
                attempt,
                Instant.now(),
                token);
    }

    private static void assertFenced(ThrowingCallable act) {
        assertThatThrownBy(act).isInstanceOfSatisfying(SeraiException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.FENCED);
            assertThat(e.text()).contains("is not claimed by node node-1 with epoch 1 any more");
        });
    }
}
