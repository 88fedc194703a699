package io.serai.server.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.event.NewEvent;
import io.serai.cluster.ledger.TransferKind;
import io.serai.cluster.ledger.TransferRow;
import io.serai.cluster.ledger.TransferState;
import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.storage.Receiving.Received;
import io.serai.cluster.storage.Storage;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;
import io.serai.config.object.Route;
import io.serai.route.arrival.Subscriptions;
import io.serai.server.admin.TransfersApi;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends an inbound file through the routes that take it now, with the bytes that arrived then. */
final class Resubmission implements TransfersApi.Resubmit {
    private static final Logger LOG = LoggerFactory.getLogger(Resubmission.class);

    private final Storage storage;
    private final Subscriptions subscriptions;
    private final EventQueue queue;
    private final Database database;
    private final ObjectStore routes;

    Resubmission(
            Storage storage, Subscriptions subscriptions, EventQueue queue, Database database, ObjectStore routes) {
        this.routes = routes;
        this.storage = storage;
        this.subscriptions = subscriptions;
        this.queue = queue;
        this.database = database;
    }

    @Override
    public List<EventId> resubmit(TransferRow transfer, String by) {
        boolean inbound = transfer.kind() == TransferKind.UPLOAD || transfer.kind() == TransferKind.PULL;
        if (!inbound || transfer.state() != TransferState.COMPLETED) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "Transfer " + transfer.id()
                            + " is not a completed upload or pull; only what has arrived can be resubmitted");
        }
        storage.openContent(transfer.id()).close();
        List<NewEvent> events = subscriptions.eventsFor(received(transfer)).stream()
                .filter(event -> routes.find(Route.class, event.route().value()).isPresent())
                .map(Resubmission::asResubmit)
                .toList();
        if (events.isEmpty()) {
            throw new SeraiException(
                    ErrorCode.NO_SUCH_OBJECT,
                    "No route takes " + transfer.path() + " of "
                            + transfer.party().orElse("nobody") + " at present; apply one first");
        }
        List<EventId> ids = database.transaction(connection -> queue.enqueue(connection, events));
        LOG.info("Transfer {} was resubmitted by {} as events {}", transfer.id(), by, ids);
        return ids;
    }

    private static NewEvent asResubmit(NewEvent event) {
        return new NewEvent(
                EventKind.RESUBMIT,
                event.route(),
                event.fairShare(),
                event.priority(),
                event.transfer(),
                event.file(),
                event.path(),
                event.detail());
    }

    private static Received received(TransferRow transfer) {
        return new Received(
                transfer.id(),
                transfer.file(),
                Optional.ofNullable(transfer.account()).map(AccountName::new),
                Optional.ofNullable(transfer.site()).map(SiteName::new),
                Optional.ofNullable(transfer.route()).map(RouteId::new),
                transfer.path(),
                transfer.sizeBytes(),
                Optional.ofNullable(transfer.sha256()).orElse(""),
                "");
    }
}
