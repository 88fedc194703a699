/**
 * What travels in the frames of the link: methods, statuses, and messages in the wire format of Protocol Buffers. It knows
 * nothing of frames or connections, so that another carrier could take the same messages. Start reading at
 * {@link io.serai.edge.message.Method}; docs/link.md lists every field.
 */
@NullMarked
package io.serai.edge.message;

import org.jspecify.annotations.NullMarked;
