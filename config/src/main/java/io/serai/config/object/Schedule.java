package io.serai.config.object;

import io.serai.config.name.ScheduleName;
import java.time.ZoneId;
import java.util.List;

/**
 * A clock that makes events; routes name it ({@code schedule=nightly}).
 *
 * @param cron Quartz cron expressions (6 or 7 fields, seconds first); the schedule fires when any of them does
 * @param missed what happens to fires that were missed while no node ran
 */
public record Schedule(
        ScheduleName name, String description, boolean enabled, List<String> cron, ZoneId timeZone, Missed missed)
        implements ConfigObject {

    /** What happens to fires that were missed while no node ran. */
    public enum Missed {
        /** One fire makes up for all that were missed. */
        RUN_ONCE,
        /** Missed fires are left out. */
        SKIP
    }

    public Schedule {
        cron = List.copyOf(cron);
    }

    @Override
    public ObjectKind kind() {
        return ObjectKind.SCHEDULE;
    }

    @Override
    public String objectName() {
        return name.value();
    }
}
