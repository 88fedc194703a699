/**
 * TCP connections over the link: {@link io.serai.edge.tcp.OutboundService} connects to partners on behalf of servers,
 * {@link io.serai.edge.tcp.PassThroughListener} hands partners' connections to a server as they are. Start reading at
 * {@link io.serai.edge.tcp.TcpRelay}, which carries the bytes in both cases and on both ends.
 */
@NullMarked
package io.serai.edge.tcp;

import org.jspecify.annotations.NullMarked;
