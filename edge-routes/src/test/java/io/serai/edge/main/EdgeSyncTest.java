package io.serai.edge.main;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.edge.home.EdgeHome;
import io.serai.edge.home.KnownServers;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkAcceptor;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.link.TestLink;
import io.serai.edge.message.EdgeMessages.EdgeState;
import io.serai.edge.message.EdgeMessages.Grant;
import io.serai.edge.message.EdgeMessages.ServerPin;
import io.serai.edge.message.EdgeMessages.Servers;
import io.serai.edge.message.EventKind;
import io.serai.edge.message.FileMessages.FilesAnswer;
import io.serai.edge.message.FileMessages.FilesOutcome;
import io.serai.edge.message.FileMessages.FilesState;
import io.serai.edge.message.FileMessages.FilesState.Takes;
import io.serai.edge.message.FileMessages.FilesVersion;
import io.serai.edge.message.Method;
import io.serai.edge.message.RouteFiles;
import io.serai.edge.message.Status;
import io.serai.edge.relay.Patience;
import io.serai.edge.relay.RelayedPartners;
import io.serai.edge.routefile.RouteFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an edge asks its server, where the regular rounds are too far apart to hide what was not asked. */
@Timeout(60)
class EdgeSyncTest {
    private static final byte[] NOTHING = new byte[0];
    private static final long SOON_SECONDS = 20;

    @TempDir
    Path home;

    /** What the edge asks and the test answers. */
    private final BlockingQueue<IncomingRequest> asked = new LinkedBlockingQueue<>();

    private final TestLink link = new TestLink(
            TestLink.PATIENT,
            new TestLink.Refusing() {
                @Override
                public void request(Link from, IncomingRequest request) {
                    asked.add(request);
                }
            },
            new TestLink.Refusing());
    private final LinkTransport transport = LinkTransport.start(TestLink.PATIENT, 1);
    private final DefaultCamelContext camel = new DefaultCamelContext();
    private Link up;
    private EdgeSync sync;

    @BeforeEach
    void start() {
        up = link.up();
    }

    @AfterEach
    void stop() {
        if (sync != null) {
            sync.close();
        }
        camel.stop();
        link.close();
        transport.close();
    }

    private void sync(Optional<OwnFiles> own) {
        EdgeHome kept = new EdgeHome(home);
        var unused = kept.identity();
        kept.keep(new Grant(
                "test",
                "edge-1",
                new Servers(
                        1, List.of(new ServerPin("node-1", TestLink.SERVER.pin().hex())))));
        EdgeOutbound outbound = new EdgeOutbound(transport, List::of);
        sync = new EdgeSync(
                new RelayedPartners(tried -> Optional.empty(), (session, reason) -> {}, Patience.standard()),
                new KnownServers(kept),
                new EdgeSync.Parts(new EdgeListeners(camel), own, outbound, () -> 0),
                this::acceptor,
                Duration.ofHours(1));
        sync.start();
    }

    private LinkAcceptor acceptor() {
        return link.acceptor;
    }

    private IncomingRequest next(Method method) throws InterruptedException {
        IncomingRequest request = asked.poll(SOON_SECONDS, TimeUnit.SECONDS);
        assertThat(request).as("the edge asks").isNotNull();
        assertThat(request.method()).isEqualTo(method.number());
        return request;
    }

    private void nothingMore() throws InterruptedException {
        assertThat(asked.poll(2, TimeUnit.SECONDS)).as("the edge asks no more").isNull();
    }

    private void remind() {
        sync.event(up, EventKind.CONFIG_CHANGED.number(), NOTHING);
    }

    private static void same(IncomingRequest request, RouteFiles files) {
        request.reply(
                Status.OK,
                new FilesAnswer(FilesOutcome.SAME, new FilesVersion(1, files.digest()), RouteFiles.NONE, "").encode());
    }

    @Test
    void whatIsSaidDuringARoundLeadsToOneMoreThatBeginsAfterwards() throws Exception {
        sync(Optional.empty());
        IncomingRequest first = next(Method.EDGE_SYNC);
        for (int i = 0; i < 50; i++) {
            remind();
        }
        nothingMore();
        first.reply(Status.OK, NOTHING);
        IncomingRequest second = next(Method.EDGE_SYNC);
        remind();
        second.reply(Status.OK, NOTHING);
        next(Method.EDGE_SYNC).reply(Status.OK, NOTHING);
        nothingMore();
        remind();
        next(Method.EDGE_SYNC).reply(Status.OK, NOTHING);
        nothingMore();
    }

    @Test
    void aServerThatIsBusyIsAskedAgainSoonAndNotWithTheNextRegularRound() throws Exception {
        sync(Optional.empty());
        next(Method.EDGE_SYNC).reply(Status.BUSY, NOTHING);
        next(Method.EDGE_SYNC).reply(Status.BUSY, NOTHING);
        next(Method.EDGE_SYNC).reply(Status.OK, NOTHING);
        nothingMore();
    }

    @Test
    void aLinkThatCanBeUsedAgainLeadsToARoundForWhatWasSaidMeanwhile() throws Exception {
        sync(Optional.empty());
        next(Method.EDGE_SYNC).reply(Status.OK, NOTHING);
        nothingMore();
        sync.changed(up);
        next(Method.EDGE_SYNC).reply(Status.OK, NOTHING);
        nothingMore();
    }

    @Test
    void filesThatABusyServerDidNotCompareAreComparedSoon() throws Exception {
        sync(Optional.of(own(Files.createDirectory(home.resolve("routes")))));
        answerTo(RouteFiles.NONE);
        remind();
        next(Method.EDGE_SYNC).reply(Status.OK, NOTHING);
        next(Method.EDGE_FILES).reply(Status.BUSY, NOTHING);
        next(Method.EDGE_SYNC).reply(Status.OK, NOTHING);
        same(next(Method.EDGE_FILES), RouteFiles.NONE);
        nothingMore();
    }

    @Test
    void aFileThatIsNoLongerBrokenIsToldAtOnceThoughNothingElseIsInForce() throws Exception {
        Path routes = Files.createDirectory(home.resolve("routes"));
        sync(Optional.of(own(routes)));
        answerTo(RouteFiles.NONE);
        Files.writeString(routes.resolve("a.yaml"), "no route");
        IncomingRequest broken = next(Method.EDGE_SYNC);
        assertThat(EdgeState.decode(broken.payload()).problem()).contains("a.yaml");
        broken.reply(Status.OK, NOTHING);
        IncomingRequest brokenFiles = next(Method.EDGE_FILES);
        assertThat(FilesState.decode(brokenFiles.payload()).problem()).contains("a.yaml");
        same(brokenFiles, RouteFiles.NONE);
        Files.delete(routes.resolve("a.yaml"));
        IncomingRequest mended = next(Method.EDGE_SYNC);
        assertThat(EdgeState.decode(mended.payload()).problem()).isEmpty();
        mended.reply(Status.OK, NOTHING);
        IncomingRequest mendedFiles = next(Method.EDGE_FILES);
        assertThat(FilesState.decode(mendedFiles.payload()).problem()).isEmpty();
        same(mendedFiles, RouteFiles.NONE);
        nothingMore();
    }

    private OwnFiles own(Path routes) {
        return new OwnFiles(new RouteFolder(routes, home), Takes.AT_ONCE, Map::of);
    }

    /** The first round, and the first look at the files if that leads to another. */
    private void answerTo(RouteFiles files) throws InterruptedException {
        IncomingRequest request = asked.poll(SOON_SECONDS, TimeUnit.SECONDS);
        while (request != null) {
            if (request.method() == Method.EDGE_FILES.number()) {
                same(request, files);
            } else {
                request.reply(Status.OK, NOTHING);
            }
            request = asked.poll(2, TimeUnit.SECONDS);
        }
    }
}
