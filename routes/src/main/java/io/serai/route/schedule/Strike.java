package io.serai.route.schedule;

import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import java.time.Instant;
import java.util.Date;
import java.util.Optional;
import org.quartz.Job;
import org.quartz.JobDataMap;
import org.quartz.JobExecutionContext;
import org.quartz.SchedulerException;

/** Quartz' job: a clock strikes on one of the nodes. Its name and fields are in the database; keep them. */
public final class Strike implements Job {
    static final String SCHEDULES = "serai-schedules";
    static final String ROUTE = "route";
    static final String SCHEDULE = "schedule";

    @Override
    public void execute(JobExecutionContext context) {
        JobDataMap data = context.getMergedJobDataMap();
        Optional<Instant> planned =
                Optional.ofNullable(context.getScheduledFireTime()).map(Date::toInstant);
        try {
            Object schedules = context.getScheduler().getContext().get(SCHEDULES);
            if (schedules instanceof Schedules present) {
                present.struck(new RouteId(data.getString(ROUTE)), new ScheduleName(data.getString(SCHEDULE)), planned);
            }
        } catch (SchedulerException e) {
            throw new IllegalStateException(e);
        }
    }
}
