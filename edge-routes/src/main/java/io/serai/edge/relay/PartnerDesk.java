package io.serai.edge.relay;

import io.serai.endpoint.PartnerOperation;

/**
 * Answers partner operations: a route that ends at a partner session does, and so does an edge's end of a link.
 * {@code PartnerPort::call} is one. Safe for several threads; blocks its caller until the answer is there.
 */
public interface PartnerDesk {
    /**
     * The reply to one operation.
     *
     * @throws io.serai.config.error.SeraiException the refusal
     */
    <R> R answer(PartnerOperation<R> operation);
}
