package io.serai.route.schedule;

import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.schedule.ScheduleFires;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Schedule;
import io.serai.route.NodeParts;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.camel.CamelContext;
import org.apache.camel.component.quartz.QuartzComponent;
import org.apache.camel.support.service.ServiceSupport;
import org.jspecify.annotations.Nullable;
import org.quartz.CronExpression;
import org.quartz.CronScheduleBuilder;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDataMap;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.ScheduleBuilder;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The clocks of this node. Every node runs all of them, and the database lets each fire through once: a fire is known by
 * schedule, route and the time that the schedule names. What was missed while no node ran, or while this one was frozen,
 * is found by the same times. The monitor guards the clocks; changed Schedule objects take effect at once.
 */
public final class Schedules extends ServiceSupport {
    private static final Logger LOG = LoggerFactory.getLogger(Schedules.class);
    private static final String GROUP = "serai";
    private static final String ACTION = "action";
    private static final Duration MISSED_CHECK = Duration.ofSeconds(30);
    private static final Duration ON_TIME = Duration.ofSeconds(20);

    private final CamelContext camel;
    private final ObjectStore objects;
    private final ScheduleFires fires;
    private final InstantSource clock;
    private final Map<RouteId, Clock> clocks = new HashMap<>();

    public Schedules(CamelContext camel, ObjectStore objects, ScheduleFires fires, InstantSource clock) {
        this.camel = camel;
        this.objects = objects;
        this.fires = fires;
        this.clock = clock;
        objects.onChange(this::changed);
    }

    /** The clocks of a context, made with the first route that needs them. */
    public static Schedules of(CamelContext camel) throws Exception {
        synchronized (camel.getRegistry()) {
            Schedules present = camel.hasService(Schedules.class);
            if (present == null) {
                present = new Schedules(
                        camel,
                        NodeParts.require(camel, ObjectStore.class),
                        NodeParts.require(camel, ScheduleFires.class),
                        InstantSource.system());
                camel.addService(present, true, true);
            }
            return present;
        }
    }

    /** What a fire does: queues the event of a planned time, unless it has been queued. */
    @FunctionalInterface
    public interface Fire {
        void at(ScheduleName schedule, Instant planned);
    }

    /** Fires for a route by a Schedule object until {@link #remove}. */
    public void add(RouteId route, Timing.Named schedule, Fire fire) {
        put(new Clock(route, schedule.name(), null, fire));
    }

    /** Fires for a route by a timing of its own until {@link #remove}. */
    public void add(RouteId route, Timing timing, Fire fire) {
        put(new Clock(route, timing.name(), timing, fire));
    }

    private synchronized void put(Clock added) {
        remove(added.route);
        clocks.put(added.route, added);
        added.start();
    }

    /** The route's clock stops. */
    public synchronized void remove(RouteId route) {
        Clock clockOfRoute = clocks.remove(route);
        if (clockOfRoute != null) {
            clockOfRoute.stop();
        }
    }

    private synchronized void changed(List<ObjectStore.Change> changes) {
        for (ObjectStore.Change change : changes) {
            if (change.key().kind() == ObjectKind.SCHEDULE) {
                clocks.values().stream()
                        .filter(each -> each.fixed == null
                                && each.schedule.value().equals(change.key().name()))
                        .forEach(each -> {
                            each.stop();
                            each.start();
                        });
            }
        }
    }

    @Override
    protected void doStart() throws Exception {
        schedule("missed-fires", repeating(MISSED_CHECK), clock.instant().plus(MISSED_CHECK), this::catchUpAll);
    }

    @Override
    protected synchronized void doStop() {
        clocks.values().forEach(Clock::stop);
        clocks.clear();
        unschedule("missed-fires");
    }

    private void catchUpAll() {
        List<Clock> all;
        synchronized (this) {
            all = List.copyOf(clocks.values());
        }
        all.forEach(each -> each.quietly(each::catchUp));
    }

    /** The clock of one route. */
    private final class Clock {
        private final RouteId route;
        private final ScheduleName schedule;
        private final @Nullable Timing fixed;
        private final Fire fire;
        private final List<String> jobs = new ArrayList<>();

        Clock(RouteId route, ScheduleName schedule, @Nullable Timing fixed, Fire fire) {
            this.route = route;
            this.schedule = schedule;
            this.fixed = fixed;
            this.fire = fire;
        }

        /** When it fires as things stand; empty while its Schedule object is missing or disabled. */
        private Optional<Timing> timing() {
            if (fixed != null) {
                return Optional.of(fixed);
            }
            Optional<Schedule> object = objects.find(Schedule.class, schedule.value());
            if (object.isEmpty()) {
                LOG.warn("Route {} waits for the schedule {}, which does not exist; apply it", route, schedule);
            }
            return object.filter(Schedule::enabled)
                    .map(found -> Timing.Cron.of(schedule, found.cron(), found.timeZone(), found.missed()));
        }

        void start() {
            Optional<Timing> timing = timing();
            if (timing.isEmpty()) {
                return;
            }
            quietly(() -> fires.begin(schedule, route, clock.instant()));
            quietly(this::catchUp);
            if (timing.get() instanceof Timing.Cron cron) {
                int number = 0;
                for (CronExpression expression : cron.expressions()) {
                    job(number++, cron(expression), clock.instant());
                }
            } else if (timing.get() instanceof Timing.Every every) {
                Instant next = every.latest(Instant.EPOCH, clock.instant())
                        .orElse(clock.instant())
                        .plus(every.period());
                job(0, repeating(every.period()), next);
            }
        }

        private void job(int number, ScheduleBuilder<?> times, Instant from) {
            String name = route + "/" + schedule + "/" + number;
            jobs.add(name);
            schedule(name, times, from, () -> quietly(this::strike));
        }

        void stop() {
            jobs.forEach(Schedules.this::unschedule);
            jobs.clear();
        }

        /** Quartz struck: the time that was planned is the latest there is, on whichever node. */
        private void strike() {
            Instant now = clock.instant();
            timing().flatMap(timing -> timing.latest(now.minus(ON_TIME), now))
                    .ifPresent(planned -> fire.at(schedule, planned));
        }

        /** One fire makes up for all that were missed since the last recorded one. */
        void catchUp() {
            Optional<Timing> timing = timing().filter(each -> each.missed() == Schedule.Missed.RUN_ONCE);
            Optional<Instant> last = fires.last(schedule, route);
            if (timing.isPresent() && last.isPresent()) {
                // What is due just now is left to Quartz on the nodes that are awake.
                timing.get().latest(last.get(), clock.instant().minus(ON_TIME)).ifPresent(planned -> {
                    LOG.debug("Route {}: making up for a fire of {} that was missed at {}", route, schedule, planned);
                    fire.at(schedule, planned);
                });
            }
        }

        /** A fire that fails is made up for by the next check; the clock goes on. */
        void quietly(Runnable work) {
            try {
                work.run();
            } catch (RuntimeException e) {
                LOG.warn("Route {}: the schedule {} could not queue its event; it is tried again", route, schedule, e);
            }
        }
    }

    // ---- Quartz ----

    private static ScheduleBuilder<?> cron(CronExpression expression) {
        return CronScheduleBuilder.cronSchedule(expression).withMisfireHandlingInstructionDoNothing();
    }

    private static ScheduleBuilder<?> repeating(Duration period) {
        return SimpleScheduleBuilder.simpleSchedule()
                .withIntervalInMilliseconds(period.toMillis())
                .repeatForever()
                .withMisfireHandlingInstructionNextWithRemainingCount();
    }

    private void schedule(String name, ScheduleBuilder<?> times, Instant from, Runnable action) {
        JobDataMap data = new JobDataMap();
        data.put(ACTION, action);
        JobDetail job = JobBuilder.newJob(RunAction.class)
                .withIdentity(name, GROUP)
                .usingJobData(data)
                .build();
        Trigger trigger = TriggerBuilder.newTrigger()
                .withIdentity(name, GROUP)
                .startAt(Date.from(from))
                .withSchedule(times)
                .build();
        try {
            Scheduler quartz = quartz();
            quartz.deleteJob(job.getKey());
            quartz.scheduleJob(job, trigger);
        } catch (SchedulerException e) {
            throw new SeraiException(ErrorCode.INVALID, name + " cannot be scheduled: " + e.getMessage(), e);
        }
    }

    private void unschedule(String name) {
        if (camel.getStatus().isStopping() || camel.getStatus().isStopped()) {
            return; // the whole scheduler goes
        }
        try {
            quartz().deleteJob(new org.quartz.JobKey(name, GROUP));
        } catch (SchedulerException e) {
            LOG.debug("{} had no job", name, e);
        }
    }

    /** The scheduler of Camel's component, with its store in memory: what must last is in the database. */
    private Scheduler quartz() throws SchedulerException {
        Scheduler scheduler =
                camel.getComponent("quartz", QuartzComponent.class).getScheduler();
        if (!scheduler.isStarted() && !scheduler.isShutdown()) {
            scheduler.start();
        }
        return scheduler;
    }

    /** Runs what its job holds. */
    public static final class RunAction implements Job {
        @Override
        public void execute(JobExecutionContext context) {
            ((Runnable) Objects.requireNonNull(context.getMergedJobDataMap().get(ACTION), ACTION)).run();
        }
    }
}
