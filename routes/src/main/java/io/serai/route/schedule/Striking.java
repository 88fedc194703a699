package io.serai.route.schedule;

import io.serai.cluster.schedule.QuartzSettings;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import java.time.Instant;
import java.util.Date;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.CamelContext;
import org.apache.camel.component.quartz.QuartzComponent;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobKey;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.quartz.TriggerKey;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The triggers in Quartz' clustered store, through Camel's component: one for each clock, at its next time, which strikes
 * on one of the nodes. Nothing depends on them but promptness: a node that finds something due looks without them.
 */
final class Striking {
    private static final Logger LOG = LoggerFactory.getLogger(Striking.class);
    private static final String GROUP = "serai";

    private final CamelContext camel;
    private final Schedules schedules;
    private final Map<String, Instant> armed = new ConcurrentHashMap<>();
    private final QuartzComponent component;

    /** @param settings empty for triggers in memory */
    Striking(CamelContext camel, Schedules schedules, Optional<QuartzSettings> settings) {
        this.camel = camel;
        this.schedules = schedules;
        this.component = new QuartzComponent(camel);
        settings.ifPresent(shared -> {
            component.setPrefixInstanceName(false);
            component.setProperties(Map.copyOf(shared.properties()));
        });
        camel.addComponent("quartz", component);
    }

    /** Has the clock strike at this time on one of the nodes. */
    void arm(RouteId route, ScheduleName schedule, Instant at) {
        String name = name(route, schedule);
        if (at.equals(armed.get(name))) {
            return;
        }
        try {
            Scheduler quartz = quartz();
            TriggerKey key = new TriggerKey(name, GROUP);
            Trigger present = quartz.getTrigger(key);
            if (present == null || !Date.from(at).equals(present.getNextFireTime())) {
                quartz.scheduleJob(job(route, schedule), Set.of(trigger(key, at)), true);
            }
            armed.put(name, at);
        } catch (SchedulerException e) {
            LOG.warn("{} strikes late: its trigger was not stored: {}", name, e.getMessage());
        }
    }

    private static JobDetail job(RouteId route, ScheduleName schedule) {
        return JobBuilder.newJob(Strike.class)
                .withIdentity(name(route, schedule), GROUP)
                .usingJobData(Strike.ROUTE, route.value())
                .usingJobData(Strike.SCHEDULE, schedule.value())
                .storeDurably()
                .requestRecovery()
                .build();
    }

    private static Trigger trigger(TriggerKey key, Instant at) {
        return TriggerBuilder.newTrigger()
                .withIdentity(key)
                .startAt(Date.from(at))
                .withSchedule(SimpleScheduleBuilder.simpleSchedule().withMisfireHandlingInstructionFireNow())
                .build();
    }

    /** The clock strikes no more on any node. */
    void disarm(RouteId route, ScheduleName schedule) {
        armed.remove(name(route, schedule));
        if (camel.getStatus().isStopping() || camel.getStatus().isStopped()) {
            return;
        }
        try {
            quartz().deleteJob(new JobKey(name(route, schedule), GROUP));
        } catch (SchedulerException e) {
            LOG.debug("The job of {} was not deleted", name(route, schedule), e);
        }
    }

    /** What another node did with the trigger is not known any more. */
    void forget(RouteId route, ScheduleName schedule) {
        armed.remove(name(route, schedule));
    }

    private Scheduler quartz() throws SchedulerException {
        Scheduler scheduler = component.getScheduler();
        if (!scheduler.isStarted() && !scheduler.isShutdown()) {
            scheduler.getContext().put(Strike.SCHEDULES, schedules);
            scheduler.start();
        }
        return scheduler;
    }

    private static String name(RouteId route, ScheduleName schedule) {
        return route + "/" + schedule;
    }
}
