package io.serai.edge.relay;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;

/**
 * By what an edge takes sessions from server to server.
 *
 * @param threads where a move may block; bounded
 * @param clock for trying again
 * @param within how long a session whose server was lost may be without one
 */
public record SessionMoves(Executor threads, ScheduledExecutorService clock, Duration within) {}
