/**
 * The link as Camel components: on an edge {@code relay:ZONE} asks the servers what partners ask at its listeners, on a server
 * {@code edge-link:ZONE} takes the sessions that the edges of a zone hold; {@code admit:} is a condition for an edge's routes.
 * Start reading at {@link io.serai.edge.component.RelayProducer} and {@link io.serai.edge.component.EdgeLinkConsumer}.
 *
 * <p>Both find their end of the links in Camel's registry under the name of the zone: an edge binds its
 * {@link io.serai.edge.relay.RelayedPartners}, a server a {@link io.serai.edge.relay.PartnerService} for each zone. These two
 * are also the handler and the listener that the links are made with, so that whoever dials or accepts needs no Camel.
 */
@NullMarked
package io.serai.edge.component;

import org.jspecify.annotations.NullMarked;
