package io.serai.route.site;

import static io.serai.route.site.Parcels.STEP;
import static io.serai.route.site.Parcels.bytes;
import static io.serai.route.site.Parcels.event;
import static io.serai.route.site.Parcels.parcel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.ledger.Deliveries.Stage;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.route.site.connection.LineWatch;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.connection.StopSwitch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An owner that stands still between two steps of a delivery, and goes on when the next owner has finished it: at every
 * place it is refused, the file stays as the next owner delivered it, and the reason is that it is not the owner any more.
 * The site's renaming does not replace, which takes more steps than one that does.
 */
@Timeout(60)
class FencedDeliveryTest {
    private static final String NAME = "orders.csv";

    @TempDir
    Path root;

    private final InMemoryDeliveries deliveries = new InMemoryDeliveries();
    private final CamelContext camel = new DefaultCamelContext();
    private final CompletableFuture<Void> stopped = new CompletableFuture<>();
    private final CompletableFuture<Void> thawed = new CompletableFuture<>();
    private OddSite site;
    private LineWatch watch;
    private SiteConnections connections;
    private FileDelivery delivery;

    @BeforeEach
    void connect() throws IOException {
        camel.start();
        site = new OddSite(root, Map.of());
        watch = new LineWatch();
        connections = new SiteConnections(camel, watch, new InMemorySiteLimits());
        delivery = new FileDelivery(deliveries, connections);
        Files.writeString(root.resolve(NAME), "yesterday's");
    }

    @AfterEach
    void disconnect() {
        thawed.complete(null);
        connections.close();
        watch.close();
        site.close();
        camel.stop();
    }

    /** Where the first owner stands until it is thawed. */
    private void standStill() {
        stopped.complete(null);
        thawed.orTimeout(30, TimeUnit.SECONDS).join();
    }

    private void deliver(int attempt, long epoch) {
        delivery.deliver(
                parcel(event(1, attempt, epoch), site.site(), NAME, IfExists.REPLACE, bytes("today's")),
                new StopSwitch());
    }

    private void standsStillWhileAnotherDelivers() throws Exception {
        CompletableFuture<Void> first = CompletableFuture.runAsync(() -> deliver(1, 1));
        stopped.get(20, TimeUnit.SECONDS);
        deliver(2, 2);
        assertDeliveredByTheSecond();
        thawed.complete(null);
        assertThatThrownBy(() -> first.orTimeout(20, TimeUnit.SECONDS).join())
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(SeraiException.class, refused -> {
                    assertThat(refused.code()).as(refused.toString()).isEqualTo(ErrorCode.FENCED);
                    assertThat(refused.text()).contains("another node owns the event");
                });
        assertDeliveredByTheSecond();
        assertThat(deliveries.failures).as("a fenced owner writes nothing").isEmpty();
    }

    private void assertDeliveredByTheSecond() throws IOException {
        assertThat(names()).containsExactly(NAME);
        assertThat(Files.readString(root.resolve(NAME))).isEqualTo("today's");
        assertThat(deliveries.stage(event(1, 2, 2), STEP)).isEqualTo(Stage.DELIVERED);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(root)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void itsRenameIsRefusedAfterTheRecordOfTheRename() throws Exception {
        deliveries.afterRenaming.set(this::standStill);
        standsStillWhileAnotherDelivers();
    }

    @Test
    void itDoesNotMoveTheNextOwnersFileOutOfTheWay() throws Exception {
        deliveries.beforeOwned.set(this::standStill);
        standsStillWhileAnotherDelivers();
    }

    /** The last look at the claim was before the freeze, and the request is on its way. */
    @Test
    void whatItMovedOutOfTheWayAllTheSameGetsItsNameBack() throws Exception {
        AtomicBoolean once = new AtomicBoolean();
        site.beforeRename = (from, to) -> {
            if (from.equals(NAME) && once.compareAndSet(false, true)) {
                standStill();
            }
        };
        standsStillWhileAnotherDelivers();
    }

    @Test
    void aFileThatWasMovedOutOfTheWayBeforeTheLineBrokeIsRemovedByTheNextAttempt() throws Exception {
        AtomicBoolean once = new AtomicBoolean();
        site.beforeRename = (from, to) -> {
            if (to.equals(NAME) && !Files.exists(root.resolve(NAME)) && once.compareAndSet(false, true)) {
                site.breakLines();
            }
        };
        assertThatThrownBy(() -> deliver(1, 1)).isInstanceOf(SeraiException.class);
        assertThat(names()).hasSize(2).doesNotContain(NAME);
        deliver(2, 1);
        assertThat(names()).containsExactly(NAME);
        assertThat(Files.readString(root.resolve(NAME))).isEqualTo("today's");
    }
}
