package io.serai.cluster.pull;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.database.TestDatabase;
import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;
import io.serai.config.name.TransferId;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class PulledFilesTest {
    private static final RouteId ROUTE = new RouteId("pull-orders");
    private static final SiteName SITE = new SiteName("bank");

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private PulledFiles files;

    @BeforeEach
    void start() {
        DATABASE.truncate("pulled_file");
        files = new PulledFiles(DATABASE.database());
    }

    @Test
    void knowsWhatWasFetchedByPathSizeAndTime() {
        RemoteFile fetched = file("/out/a", 10, 1_000);
        assertThat(record(fetched, Afterwards.NOTHING)).isTrue();

        assertThat(files.alreadyPulled(
                        ROUTE,
                        SITE,
                        List.of(fetched, file("/out/a", 11, 1_000), file("/out/a", 10, 2_000), file("/out/b", 10, 0))))
                .containsExactly(fetched);
        assertThat(files.alreadyPulled(new RouteId("other"), SITE, List.of(fetched)))
                .isEmpty();
        assertThat(files.alreadyPulled(ROUTE, SITE, List.of())).isEmpty();
    }

    @Test
    void saysWhenAnotherWasFirst() {
        assertThat(record(file("/out/a", 10, 1_000), Afterwards.NOTHING)).isTrue();
        assertThat(record(file("/out/a", 10, 1_000), Afterwards.NOTHING)).isFalse();
    }

    @Test
    void owesWhatIsWishedAfterwardsUntilItIsDone() {
        RemoteFile owed = file("/out/a", 10, 1_000);
        record(owed, Afterwards.OWED);
        record(file("/out/b", 10, 1_000), Afterwards.NOTHING);

        assertThat(files.owed(ROUTE, SITE, 10)).containsExactly(owed);
        assertThat(files.forget(Duration.ZERO)).isEqualTo(1);
        files.afterwardsDone(owed);
        files.afterwardsDone(owed);
        assertThat(files.owed(ROUTE, SITE, 10)).isEmpty();
        assertThat(files.alreadyPulled(ROUTE, SITE, List.of(owed))).containsExactly(owed);
        assertThat(files.forget(Duration.ZERO)).isEqualTo(1);
    }

    private boolean record(RemoteFile file, Afterwards afterwards) {
        return DATABASE.database()
                .transaction(
                        connection -> files.record(connection, file, TransferId.random(), "0".repeat(64), afterwards));
    }

    private static RemoteFile file(String path, long size, long modified) {
        return new RemoteFile(ROUTE, SITE, path, size, modified);
    }
}
