package io.serai.endpoint;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.Origin;
import java.util.concurrent.RejectedExecutionException;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultExchange;

/**
 * Sends partner operations down a route and hands back the replies. One per consumer; safe for use by all its threads,
 * blocking its caller until the reply is there.
 */
public final class PartnerPort {
    private final org.apache.camel.Endpoint endpoint;
    private final Processor route;

    /**
     * @param endpoint the consumer's endpoint, where its exchanges come from
     * @param route the consumer's processor
     */
    public PartnerPort(org.apache.camel.Endpoint endpoint, Processor route) {
        this.endpoint = endpoint;
        this.route = route;
    }

    /**
     * Sends one operation and waits for its reply.
     *
     * @throws SeraiException the refusal; {@link ErrorCode#DEFECT} when the route failed otherwise or answered with
     *     something else than the operation's reply type
     */
    public <R> R call(PartnerOperation<R> operation) {
        Exchange exchange = DefaultExchange.newFromEndpoint(endpoint, ExchangePattern.InOut);
        fill(exchange.getIn(), operation);
        try {
            route.process(exchange);
        } catch (Exception e) {
            exchange.setException(e);
        }
        Exception failure = exchange.getException();
        if (failure != null) {
            throw refusal(operation, failure);
        }
        Object reply = exchange.getMessage().getBody();
        if (!operation.replyType().isInstance(reply)) {
            throw new SeraiException(
                    ErrorCode.DEFECT,
                    "The route from " + endpoint.getEndpointUri() + " answered "
                            + operation.getClass().getSimpleName() + " with "
                            + (reply == null ? "nothing" : reply.getClass().getSimpleName())
                            + "; let the route end at partner-session:");
        }
        return operation.replyType().cast(reply);
    }

    private static void fill(Message message, PartnerOperation<?> operation) {
        message.setBody(operation);
        message.setHeader(PartnerHeaders.OPERATION, operation.getClass().getSimpleName());
        if (operation instanceof OpenSession open) {
            Origin origin = open.origin();
            message.setHeader(
                    PartnerHeaders.CLIENT_ADDRESS, origin.client().getAddress().getHostAddress());
            message.setHeader(PartnerHeaders.LISTENER, origin.listener());
            message.setHeader(PartnerHeaders.PROTOCOL, origin.protocol().name());
        }
    }

    private static SeraiException refusal(PartnerOperation<?> operation, Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SeraiException known) {
                return known;
            }
            if (t instanceof RejectedExecutionException) { // a throttle of the route, or a pool that is full
                return new SeraiException(ErrorCode.BUSY, "The route takes no more at the moment", failure);
            }
        }
        return new SeraiException(
                ErrorCode.DEFECT, operation.getClass().getSimpleName() + " failed in the route: " + failure, failure);
    }
}
