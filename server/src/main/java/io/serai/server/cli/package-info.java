/**
 * The command line: {@code serai up} runs a server, most other commands are clients of its admin API. Start reading at
 * {@link io.serai.server.cli.Serai}.
 */
@NullMarked
package io.serai.server.cli;

import org.jspecify.annotations.NullMarked;
