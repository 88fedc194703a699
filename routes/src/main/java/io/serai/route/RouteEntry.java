package io.serai.route;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.storage.OpenFile;
import io.serai.cluster.storage.Storage;
import io.serai.config.name.FileId;
import io.serai.config.name.TransferId;
import java.util.List;
import java.util.Optional;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePropertyKey;
import org.apache.camel.Message;
import org.apache.camel.MessageHistory;
import org.apache.camel.support.DefaultConsumer;

/**
 * Where an event enters a route: makes the exchange, sends it through and waits for its end. Used by all consumers of
 * events; safe for use by several threads.
 */
public final class RouteEntry {
    private final DefaultConsumer consumer;
    private final Storage storage;

    public RouteEntry(DefaultConsumer consumer, Storage storage) {
        this.consumer = consumer;
        this.storage = storage;
    }

    /**
     * Runs the event's route. An event with a transfer has a {@link StoredFile} as body, others have none.
     *
     * @throws Exception what the route failed with; the failing step is noted in the context
     */
    public void run(EventContext context) throws Exception {
        Exchange exchange = consumer.createExchange(false);
        try {
            fill(exchange, context);
            context.checkRunning();
            consumer.getProcessor().process(exchange);
            Exception failure = exchange.getException();
            if (failure != null) {
                context.failedAt(failingStep(exchange));
                throw failure;
            }
        } finally {
            consumer.releaseExchange(exchange, false);
        }
    }

    private void fill(Exchange exchange, EventContext context) {
        context.attach(exchange);
        ClaimedEvent event = context.event();
        Message message = exchange.getIn();
        message.setHeader(SeraiHeaders.EVENT_ID, event.id().value());
        message.setHeader(SeraiHeaders.ATTEMPT, event.attempt());
        copyDetail(message, event, EventDetail.SCHEDULE, SeraiHeaders.SCHEDULE);
        copyDetail(message, event, EventDetail.FIRE_TIME, SeraiHeaders.FIRE_TIME);
        event.transfer().ifPresent(transfer -> fillFile(message, event, transfer));
    }

    private void fillFile(Message message, ClaimedEvent event, TransferId transfer) {
        FileId file = event.file().orElseThrow();
        StoredFile body = new StoredFile(
                storage,
                transfer,
                file,
                event.path(),
                size(event, transfer),
                Optional.ofNullable(event.detail().get(EventDetail.SHA256)));
        message.setBody(body);
        message.setHeader(SeraiHeaders.TRANSFER_ID, transfer.toString());
        message.setHeader(SeraiHeaders.FILE_ID, file.toString());
        message.setHeader(SeraiHeaders.PATH, event.path());
        message.setHeader(SeraiHeaders.FILE_NAME, body.name());
        message.setHeader(SeraiHeaders.SIZE, body.sizeBytes());
        body.sha256().ifPresent(sum -> message.setHeader(SeraiHeaders.SHA256, sum));
        copyDetail(message, event, EventDetail.ACCOUNT, SeraiHeaders.ACCOUNT);
        copyDetail(message, event, EventDetail.SITE, SeraiHeaders.SITE);
        message.setHeader(Exchange.FILE_NAME, body.name());
        message.setHeader(Exchange.FILE_LENGTH, body.sizeBytes());
    }

    private long size(ClaimedEvent event, TransferId transfer) {
        String known = event.detail().get(EventDetail.SIZE_BYTES);
        if (known != null) {
            return Long.parseLong(known);
        }
        try (OpenFile open = storage.openContent(transfer)) {
            return open.info().sizeBytes();
        }
    }

    private static void copyDetail(Message message, ClaimedEvent event, String key, String header) {
        String value = event.detail().get(key);
        if (value != null) {
            message.setHeader(header, value);
        }
    }

    /** Route, node and line of the step that failed, as {@code route/node:line}; the last of the message's history. */
    private static String failingStep(Exchange exchange) {
        List<?> history = exchange.getProperty(ExchangePropertyKey.MESSAGE_HISTORY, List.class);
        if (history != null && !history.isEmpty() && history.get(history.size() - 1) instanceof MessageHistory last) {
            int line = last.getNode().getLineNumber();
            return last.getRouteId() + "/" + last.getNode().getId() + (line > 0 ? ":" + line : "");
        }
        String route = exchange.getProperty(ExchangePropertyKey.FAILURE_ROUTE_ID, String.class);
        return route == null ? exchange.getFromRouteId() : route;
    }
}
