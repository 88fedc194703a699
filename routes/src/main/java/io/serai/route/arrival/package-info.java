/**
 * Events become exchanges: which routes a received file arrives at, the one dispatcher of a node that claims events and
 * hands them to the routes, and {@code arrival:}. Start reading at {@link io.serai.route.arrival.EventDispatcher}.
 *
 * <pre>
 *   claimed --route ended well--> complete          --(not written: tried again until the lease is lost)--
 *      |-----route failed-------> fail: waiting or parked, by the kind of the error
 *      |-----asked to stop------> fail as cancelled; released when the node goes down
 *      |-----lease lost---------> nothing: the next owner runs it
 * </pre>
 */
@NullMarked
package io.serai.route.arrival;

import org.jspecify.annotations.NullMarked;
