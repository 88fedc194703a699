/**
 * Clocks that make events: Schedule objects, cron expressions and periods of routes, timed by Quartz through Camel's
 * component. A fire only queues an event, once in the whole cluster. Start reading at {@link
 * io.serai.route.schedule.Schedules}.
 */
@NullMarked
package io.serai.route.schedule;

import org.jspecify.annotations.NullMarked;
