package io.serai.route.arrival;

import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.NewEvent;
import io.serai.cluster.storage.Receiving.Received;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.RouteId;
import io.serai.config.name.VirtualPath;
import io.serai.route.EventDetail;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Which routes a received file arrives at. Asked while a file is being committed; replaced as a whole by the deployer.
 * Safe for use by many threads.
 */
public final class Subscriptions {
    private static final int PULL_PRIORITY = 5;

    private final AtomicReference<@Nullable List<ArrivalSubscription>> current = new AtomicReference<>();

    /** From now on these are in force. */
    public void replace(List<ArrivalSubscription> subscriptions) {
        current.set(List.copyOf(subscriptions));
    }

    /**
     * The events to commit together with a received file: one for each route that its account's folder is bound to, or the
     * one of the route that pulled it. An empty list is a file that no route waits for.
     *
     * @throws SeraiException {@code BUSY} as long as the routes of this node are not known yet: a file that came in then
     *     would be missed
     */
    public List<NewEvent> eventsFor(Received received) {
        if (received.route().isPresent()) {
            return List.of(event(received, received.route().get(), PULL_PRIORITY));
        }
        List<ArrivalSubscription> subscriptions = current.get();
        if (subscriptions == null) {
            throw new SeraiException(ErrorCode.BUSY, "The routes of this node are still being loaded; try again");
        }
        Optional<AccountName> account = received.account();
        if (account.isEmpty()) {
            return List.of();
        }
        VirtualPath path = VirtualPath.parse(received.path());
        return subscriptions.stream()
                .filter(subscription -> subscription.matches(account.get(), path))
                .map(subscription -> event(received, subscription.route(), subscription.priority()))
                .toList();
    }

    private static NewEvent event(Received received, RouteId route, int priority) {
        Map<String, String> detail = new HashMap<>();
        detail.put(EventDetail.SIZE_BYTES, Long.toString(received.sizeBytes()));
        detail.put(EventDetail.SHA256, received.sha256());
        received.account().ifPresent(account -> detail.put(EventDetail.ACCOUNT, account.value()));
        received.site().ifPresent(site -> detail.put(EventDetail.SITE, site.value()));
        String owner = received.account()
                .map(AccountName::value)
                .or(() -> received.site().map(Object::toString))
                .or(() -> received.route().map(Object::toString))
                .orElse("");
        return new NewEvent(
                EventKind.ARRIVAL,
                route,
                owner,
                priority,
                Optional.of(received.transfer()),
                Optional.of(received.file()),
                received.path(),
                detail);
    }
}
