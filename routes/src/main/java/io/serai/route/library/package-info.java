/**
 * Libraries of custom steps: verified by checksum and signature, loaded from memory into class loaders of their own, usable
 * in routes by their classes and beans. Start reading at {@link io.serai.route.library.Libraries}.
 */
@NullMarked
package io.serai.route.library;

import org.jspecify.annotations.NullMarked;
