package io.serai.route.site;

import io.serai.cluster.pull.Afterwards;
import io.serai.cluster.pull.PulledFiles;
import io.serai.cluster.pull.RemoteFile;
import io.serai.cluster.storage.Incoming;
import io.serai.cluster.storage.Receiving;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.HostPort;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.route.EventContext;
import io.serai.route.site.connection.RemoteEntry;
import io.serai.route.site.connection.RemotePath;
import io.serai.route.site.connection.SiteConnection;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.connection.SiteFailures;
import io.serai.route.site.connection.StopSwitch;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pull: lists a site's folder, fetches each file that was not fetched before, and does afterwards what is wished for
 * it there. A file's bytes, its record and its event are committed together, so that it is fetched once whatever ends a
 * pull; what is wished afterwards is owed until it is done.
 */
final class Pulling {
    private static final Logger LOG = LoggerFactory.getLogger(Pulling.class);
    private static final int BUFFER_BYTES = 256 * 1024;
    private static final int MOST_OWED = 10_000;
    private static final int MOST_LISTED = 200_000;

    private final SiteConnections connections;
    private final Receiving receiving;
    private final PulledFiles pulledFiles;

    Pulling(SiteConnections connections, Receiving receiving, PulledFiles pulledFiles) {
        this.connections = connections;
        this.receiving = receiving;
        this.pulledFiles = pulledFiles;
    }

    /** Pulls what is new. Returns when every new file has been fetched, or throws what is worth another attempt. */
    void run(PullPlan plan, Site site, EventContext context) {
        if (site.protocol() == Protocol.HTTPS) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "Site " + site.name()
                            + " speaks https, which has no listing; only sftp and ftps can be pulled from");
        }
        StopSwitch stop = new StopSwitch();
        // What was fetched, and what is to be deleted, is known by the names and times that are shown here.
        Optional<HostPort> atTheSite = Optional.of(site.addresses().get(0));
        try (EventContext.Registration stopping = context.onCancel(stop::pull);
                SiteConnections.Lease lease = connections.take(site, stop, atTheSite)) {
            Run run = new Run(plan, site, lease, context);
            run.settleOwed();
            run.fetchAll(run.stableFiles());
            lease.keep();
        }
    }

    /** The state of one pull; used by one thread. */
    private final class Run {
        private final PullPlan plan;
        private final Site site;
        private final SiteConnections.Lease lease;
        private final EventContext context;
        private final String folder;
        private int unusableNames;

        Run(PullPlan plan, Site site, SiteConnections.Lease lease, EventContext context) {
            this.plan = plan;
            this.site = site;
            this.lease = lease;
            this.context = context;
            folder = RemotePath.folder(site.folder(), plan.path());
        }

        /** New files whose size and time two listings agree on. */
        private List<RemoteFile> stableFiles() {
            List<RemoteFile> found = newFiles();
            if (found.isEmpty() || plan.stable().isZero()) {
                return found;
            }
            pause();
            Set<RemoteFile> before = new HashSet<>(found);
            return newFiles().stream().filter(before::contains).toList();
        }

        private void pause() {
            CountDownLatch stopped = new CountDownLatch(1);
            try (EventContext.Registration stopping = context.onCancel(stopped::countDown)) {
                lease.aside(() -> {
                    try {
                        stopped.await(plan.stable().toMillis(), TimeUnit.MILLISECONDS);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
            }
            context.checkRunning();
        }

        private List<RemoteFile> newFiles() {
            List<RemoteFile> listed = new ArrayList<>();
            unusableNames = 0;
            lease.connection().list(folder, entry -> {
                if (entry.kind() == RemoteEntry.Kind.FILE) {
                    add(listed, entry);
                }
                return listed.size() < MOST_LISTED;
            });
            if (unusableNames > 0) {
                LOG.warn(
                        "Route {}: {} files of site {} have names that are not file names and are left out",
                        plan.route(),
                        unusableNames,
                        site.name());
            }
            List<RemoteFile> fresh = new ArrayList<>();
            lease.aside(() -> {
                Set<RemoteFile> known = pulledFiles.alreadyPulled(plan.route(), plan.site(), listed);
                listed.stream()
                        .filter(file -> !known.contains(file))
                        .limit(plan.mostFiles())
                        .forEach(fresh::add);
            });
            return fresh;
        }

        /** A listed name is the site's word: only what is one plain name is asked for, and it is never a local path. */
        private void add(List<RemoteFile> listed, RemoteEntry entry) {
            if (!RemotePath.isFetchable(entry.name())) {
                unusableNames++;
                LOG.debug("Site {} lists {}", site.name(), RemotePath.printable(entry.name()));
            } else if (plan.wants(entry.name())) {
                listed.add(new RemoteFile(
                        plan.route(),
                        plan.site(),
                        RemotePath.in(folder, entry.name()),
                        entry.sizeBytes().orElse(-1),
                        entry.modified().toEpochMilli()));
            }
        }

        void fetchAll(List<RemoteFile> files) {
            SeraiException worthARetry = null;
            for (RemoteFile file : files) {
                context.checkRunning();
                SeraiException failure = tryFetch(file);
                worthARetry = worthARetry == null ? failure : worthARetry;
            }
            if (worthARetry != null) {
                throw worthARetry;
            }
        }

        /** Whatever concerns this file alone must not keep the others from being fetched. */
        private @Nullable SeraiException tryFetch(RemoteFile file) {
            try {
                fetch(file);
                return null;
            } catch (SeraiException e) {
                if (e.code() == ErrorCode.CONFLICT) {
                    LOG.debug("Another pull has fetched {} of {}", RemotePath.printable(file.path()), site.name());
                    return null;
                }
                if (e.code() == ErrorCode.SITE_REJECTED) {
                    LOG.warn("Route {}: {} is left out: {}", plan.route(), RemotePath.printable(file.path()), e.text());
                    return null;
                }
                if (e.code() == ErrorCode.CHANGED) {
                    LOG.info("Route {}: {}", plan.route(), e.text());
                    return new SeraiException(ErrorCode.SITE_FAILED, e.text(), e);
                }
                throw e;
            }
        }

        private void fetch(RemoteFile file) {
            boolean owing = plan.afterwards() != AfterPull.KEEP;
            Receiving.Pull pull = new Receiving.Pull(
                    site.name(),
                    plan.route(),
                    site.protocol(),
                    file.path(),
                    SiteFailures.peer(site),
                    (connection, received) -> {
                        if (!pulledFiles.record(
                                connection,
                                file,
                                received.transfer(),
                                received.sha256(),
                                owing ? Afterwards.OWED : Afterwards.NOTHING)) {
                            throw new SeraiException(ErrorCode.CONFLICT, "it was fetched by another pull");
                        }
                    });
            try (Incoming incoming = receiving.receive(pull);
                    EventContext.Registration stopping = context.onCancel(incoming::cancel)) {
                try {
                    copy(file, incoming);
                    lease.aside(incoming::commit);
                } catch (SeraiException e) {
                    if (e.kind() != ErrorKind.FENCED) {
                        incoming.abort(e.code(), e.text());
                    }
                    throw e;
                }
                LOG.info(
                        "Transfer {}: fetched {} from {}, {} bytes",
                        incoming.transfer(),
                        RemotePath.printable(file.path()),
                        site.name(),
                        file.sizeBytes());
            }
            if (owing) {
                settle(file);
            }
        }

        private void copy(RemoteFile file, Incoming incoming) {
            long at = 0;
            try (SiteConnection.Fetch fetch = lease.connection().fetch(file.path())) {
                InputStream stream = fetch.stream();
                byte[] buffer = new byte[BUFFER_BYTES];
                for (int got = read(stream, buffer); got >= 0; got = read(stream, buffer)) {
                    incoming.write(ByteBuffer.wrap(buffer, 0, got), at);
                    at += got;
                    lease.moved(got);
                    checkLength(file, at > file.sizeBytes(), at);
                }
                fetch.complete();
            }
            checkLength(file, at != file.sizeBytes(), at);
        }

        private int read(InputStream stream, byte[] buffer) {
            try {
                return stream.read(buffer, 0, buffer.length);
            } catch (IOException e) {
                throw new SiteFailures(site, lease.connection().line()).during("fetching", e);
            }
        }

        private void checkLength(RemoteFile file, boolean wrong, long got) {
            if (file.sizeBytes() >= 0 && wrong) {
                throw new SeraiException(
                        ErrorCode.CHANGED,
                        "Site " + site.name() + ": " + RemotePath.printable(file.path()) + " was listed with "
                                + file.sizeBytes() + " bytes but " + got + " came; it is fetched again later");
            }
        }

        // ---- afterwards ----

        void settleOwed() {
            List<RemoteFile> owed = new ArrayList<>();
            lease.aside(() -> owed.addAll(pulledFiles.owed(plan.route(), plan.site(), MOST_OWED)));
            owed.forEach(this::settle);
        }

        /** Deletes or moves what was fetched, if the site still has just that; done by another is done as well. */
        private void settle(RemoteFile file) {
            context.checkRunning();
            try {
                if (plan.afterwards() != AfterPull.KEEP && isUnchanged(file)) {
                    if (plan.afterwards() == AfterPull.DELETE) {
                        lease.connection().delete(file.path());
                    } else {
                        lease.connection().rename(file.path(), movedName(file), Optional.empty());
                    }
                }
                lease.aside(() -> pulledFiles.afterwardsDone(file));
            } catch (SeraiException e) {
                if (e.code() != ErrorCode.SITE_REJECTED) {
                    throw e;
                }
                LOG.warn(
                        "Route {}: {} was fetched, but cannot be {}: {}; tried again at the next pull",
                        plan.route(),
                        RemotePath.printable(file.path()),
                        plan.afterwards() == AfterPull.DELETE ? "deleted" : "moved",
                        e.text());
            }
        }

        private boolean isUnchanged(RemoteFile file) {
            Optional<RemoteEntry> now = lease.connection().stat(file.path());
            return now.isPresent()
                    && now.get().sizeBytes().equals(OptionalLong.of(file.sizeBytes()))
                    && now.get().modified().toEpochMilli() == file.modifiedMillis();
        }

        private String movedName(RemoteFile file) {
            String target =
                    RemotePath.in(RemotePath.folder(site.folder(), plan.moveTo()), RemotePath.name(file.path()));
            return lease.connection().stat(target).isEmpty() ? target : target + "." + file.modifiedMillis();
        }
    }
}
