/**
 * What partners' bytes were in and nobody uses any more is wiped, or given back to the system, which does it. Start reading at
 * {@link io.serai.edge.memory.MemoryWiper}.
 */
@NullMarked
package io.serai.edge.memory;

import org.jspecify.annotations.NullMarked;
