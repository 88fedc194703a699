/**
 * The frames of the link: an encoder that puts header and payload into one buffer, and a streaming decoder that checks
 * every length before it allocates. Start reading at {@link io.serai.edge.frame.FrameType}, then
 * {@link io.serai.edge.frame.FrameReader}.
 */
@NullMarked
package io.serai.edge.frame;

import org.jspecify.annotations.NullMarked;
