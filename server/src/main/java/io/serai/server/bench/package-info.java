/**
 * {@code serai bench}: Serai against the servers that people know, two things in turn, medians and CPU seconds. Start
 * reading at {@link io.serai.server.bench.Bench}.
 */
@NullMarked
package io.serai.server.bench;

import org.jspecify.annotations.NullMarked;
