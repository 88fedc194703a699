/**
 * Who may speak on a link: keys that servers and edges make themselves, and the pins by which they know each other. Start
 * reading at {@link io.serai.edge.tls.LinkTrust}.
 */
@NullMarked
package io.serai.edge.tls;

import org.jspecify.annotations.NullMarked;
