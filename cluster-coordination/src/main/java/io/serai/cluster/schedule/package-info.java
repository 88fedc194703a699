/**
 * Fires of schedules, each once in the whole cluster however many nodes' clocks strike. Start reading at {@link
 * io.serai.cluster.schedule.ScheduleFires}.
 */
@NullMarked
package io.serai.cluster.schedule;

import org.jspecify.annotations.NullMarked;
