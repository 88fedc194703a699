package io.serai.server.node;

import io.serai.cluster.database.SqlAction;
import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.transaction.Transactions;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.route.EventContext;
import jakarta.transaction.Status;
import jakarta.transaction.TransactionRolledbackException;
import java.util.Optional;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Route;
import org.apache.camel.jta.JtaTransactionPolicy;
import org.apache.camel.support.processor.DelegateAsyncProcessor;
import org.jspecify.annotations.Nullable;

/**
 * What {@code transacted()} means in a route: the steps join the transaction of the thread, or have one of their own that
 * is committed when they succeed and rolled back when they fail. In the route that the event entered, the transaction
 * ends the event, too: the steps below {@code transacted()} are the last of the route.
 */
final class RequiredTransaction extends JtaTransactionPolicy {
    private final Transactions transactions;
    private final EventQueue queue;
    /** The exchange that a transaction of this thread works on, once its steps begin. */
    private final ThreadLocal<@Nullable Entered> entered = new ThreadLocal<>();

    RequiredTransaction(Transactions transactions, EventQueue queue) {
        this.transactions = transactions;
        this.queue = queue;
    }

    /** Notes what a transaction begins to work on; a route that joins it later changes nothing of that. */
    private final class EnteringSteps extends DelegateAsyncProcessor {
        private final String routeId;

        EnteringSteps(String routeId, Processor steps) {
            super(steps);
            this.routeId = routeId;
        }

        @Override
        public boolean process(Exchange exchange, AsyncCallback callback) {
            if (entered.get() == null) {
                entered.set(new Entered(exchange, routeId));
            }
            return super.process(exchange, callback);
        }
    }

    private record Entered(Exchange exchange, String routeId) {}

    @Override
    public Processor wrap(Route route, Processor steps) {
        return super.wrap(route, new EnteringSteps(route.getRouteId(), steps));
    }

    @Override
    public void run(Runnable steps) throws Throwable {
        if (transactions.door().getStatus() != Status.STATUS_NO_TRANSACTION) {
            steps.run();
            return;
        }
        transactions.begin();
        Optional<EventContext> event;
        try {
            entered.remove();
            steps.run();
            event = eventThatEnds();
            event.ifPresent(EventContext::checkRunning);
        } catch (TransactionRolledbackException marked) {
            transactions.rollback();
            throw new SeraiException(ErrorCode.STEP_FAILED, "a step marked the transaction for rollback", marked);
        } catch (Throwable failure) { // whatever the steps threw, the transaction must not stay on this thread
            transactions.rollback();
            throw failure;
        } finally {
            entered.remove();
        }
        if (transactions.door().getStatus() == Status.STATUS_MARKED_ROLLBACK) {
            transactions.rollback();
            throw new SeraiException(ErrorCode.STEP_FAILED, "a step marked the transaction for rollback");
        }
        transactions.commit(event.map(this::completion));
        event.ifPresent(EventContext::completedWithTransaction);
    }

    /** The event of the exchange, when the end of these steps is the end of its route. */
    private Optional<EventContext> eventThatEnds() {
        Entered work = entered.get();
        return work == null || !work.routeId().equals(work.exchange().getFromRouteId())
                ? Optional.empty()
                : EventContext.of(work.exchange());
    }

    private SqlAction completion(EventContext context) {
        ClaimedEvent event = context.event();
        return connection -> queue.complete(connection, event);
    }
}
