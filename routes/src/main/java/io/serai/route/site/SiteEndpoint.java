package io.serai.route.site;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.config.name.SiteName;
import io.serai.config.object.Schedule;
import io.serai.route.schedule.Firing;
import io.serai.route.schedule.Schedules;
import io.serai.route.schedule.Timing;
import io.serai.route.site.connection.RemotePath;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;
import org.apache.camel.util.TimeUtils;
import org.jspecify.annotations.Nullable;

/**
 * Deliver files to a partner's server and pull files from it, by SFTP, FTPS or HTTPS as its Site object says.
 *
 * <p>A delivery goes to a temporary name and is renamed when it is complete; whatever fails in between, a file is
 * delivered once.
 */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "site",
        title = "Site",
        syntax = "site:name",
        category = {Category.FILE})
public class SiteEndpoint extends DefaultEndpoint {
    @UriPath(description = "The name of the Site object.")
    @Metadata(required = true)
    private String name = "";

    @UriParam(description = "The folder, taken from the site's own folder.")
    private String path = "";

    @UriParam(
            label = "producer",
            description = "The name of the file at the site, with ${header.CamelSerai...}, ${date:now:...} and"
                    + " ${exchangeProperty...} of the route. Without it: the header CamelSeraiFileName if the route changed"
                    + " it, else CamelFileName, which begins as the arrived file's name.")
    private @Nullable String fileName;

    @UriParam(
            label = "producer",
            defaultValue = TemporaryName.DEFAULT,
            description = "The pattern of names while a file is sent; must hold {id}.")
    private String temporaryName = TemporaryName.DEFAULT;

    @UriParam(
            label = "producer",
            defaultValue = "replace",
            enums = "replace,fail,rename",
            description =
                    "What happens when the site has a file of that name: it is replaced, the delivery is refused and"
                            + " parked, or the new file gets a number.")
    private String ifExists = "replace";

    @UriParam(
            label = "producer",
            defaultValue = "PUT",
            enums = "PUT,POST",
            description = "The method of a delivery by HTTPS.")
    private String method = "PUT";

    @UriParam(label = "consumer", description = "The Schedule object that says when files are pulled.")
    private @Nullable String schedule;

    @UriParam(
            label = "consumer",
            description =
                    "A Quartz cron expression (seconds first) that says when files are pulled, in the server's time"
                            + " zone.")
    private @Nullable String cron;

    @UriParam(
            label = "consumer",
            javaType = "java.time.Duration",
            description = "The period at which files are pulled, such as 5m; at least 1s.")
    private @Nullable String every;

    @UriParam(
            label = "consumer",
            description = "Only files whose name matches one of these comma-separated Ant patterns are pulled.")
    private String include = "";

    @UriParam(
            label = "consumer",
            description = "Files whose name matches one of these comma-separated Ant patterns are not pulled.")
    private String exclude = "";

    @UriParam(
            label = "consumer",
            defaultValue = "keep",
            enums = "keep,delete,move",
            description =
                    "What happens at the site to a file that was pulled. A file that is kept is pulled again when its"
                            + " size or time changes.")
    private String afterwards = "keep";

    @UriParam(
            label = "consumer",
            description =
                    "The folder that pulled files are moved to with afterwards=move, taken from the site's folder.")
    private String moveTo = "";

    @UriParam(
            label = "consumer",
            defaultValue = "1s",
            javaType = "java.time.Duration",
            description = "How long a file's size and time must stay the same before it is pulled; 0 takes it at once.")
    private String stable = "1s";

    @UriParam(
            label = "consumer",
            defaultValue = "1000",
            javaType = "java.lang.Integer",
            description = "How many files one pull fetches at most.")
    private int maxFiles = 1000;

    @UriParam(
            label = "consumer",
            defaultValue = "8",
            javaType = "java.lang.Integer",
            description = "How many events of this route a node processes at the same time.")
    private int maxInFlight = 8;

    public SiteEndpoint(String uri, SiteComponent component) {
        super(uri, component);
    }

    @Override
    public SiteComponent getComponent() {
        return (SiteComponent) super.getComponent();
    }

    /** Refuses wrong options when the route is made, not when the first file comes. */
    void checkOptions() {
        RemotePath.folder("", path);
        ifExistsPolicy();
        temporaryNames();
        if (!method.equals("PUT") && !method.equals("POST")) {
            throw invalid("method=" + method + " is neither PUT nor POST");
        }
        if (fileName != null) {
            FileNames.check(fileName);
        }
    }

    private void checkConsumer() {
        long clocks = Stream.of(schedule, cron, every).filter(Objects::nonNull).count();
        if (clocks != 1) {
            throw invalid("a route that pulls needs one of schedule=NAME, cron=EXPRESSION and every=5m");
        }
        if (afterPull() == AfterPull.MOVE && moveTo.isEmpty()) {
            throw invalid("afterwards=move needs moveTo=FOLDER");
        }
        RemotePath.folder("", moveTo);
        if (schedule == null) {
            timing();
        }
        duration("stable", stable);
        if (maxFiles < 1 || maxInFlight < 1) {
            throw invalid("maxFiles and maxInFlight must be at least 1");
        }
    }

    private AfterPull afterPull() {
        try {
            return AfterPull.valueOf(afterwards.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw invalid("afterwards=" + afterwards + " is none of keep, delete and move");
        }
    }

    private Duration duration(String option, String text) {
        try {
            return Duration.ofMillis(TimeUtils.toMilliSeconds(text));
        } catch (IllegalArgumentException e) {
            throw invalid(option + "=" + text + " is not a duration such as 5m or 30s");
        }
    }

    private Timing timing() {
        String period = every;
        if (period != null) {
            return new Timing.Every(new ScheduleName("every"), duration("every", period));
        }
        return Timing.Cron.of(
                new ScheduleName("cron"),
                List.of(Objects.requireNonNull(cron, "cron")),
                ZoneId.systemDefault(),
                Schedule.Missed.RUN_ONCE);
    }

    /** The clock by which the route pulls. */
    void addClock(Schedules schedules, RouteId route, Firing fire) {
        if (schedule != null) {
            schedules.add(route, new Timing.Named(new ScheduleName(schedule)), fire);
        } else {
            schedules.add(route, timing(), fire);
        }
    }

    /** What a route that begins here pulls. */
    PullPlan plan(RouteId route) {
        return new PullPlan(
                route,
                new SiteName(name),
                path,
                PullPlan.patterns(include),
                PullPlan.patterns(exclude),
                afterPull(),
                moveTo,
                duration("stable", stable),
                maxFiles);
    }

    SeraiException invalid(String what) {
        return new SeraiException(ErrorCode.INVALID, "site:" + name + ": " + what);
    }

    IfExists ifExistsPolicy() {
        try {
            return IfExists.valueOf(ifExists.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw invalid("ifExists=" + ifExists + " is none of replace, fail and rename");
        }
    }

    TemporaryName temporaryNames() {
        return new TemporaryName(temporaryName);
    }

    @Override
    public Producer createProducer() {
        return new SiteProducer(this);
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        checkConsumer();
        SiteConsumer consumer = new SiteConsumer(this, processor);
        configureConsumer(consumer);
        return consumer;
    }

    public String getName() {
        return name;
    }

    public void setName(String name) {
        this.name = name;
    }

    public String getPath() {
        return path;
    }

    public void setPath(String path) {
        this.path = path;
    }

    public @Nullable String getFileName() {
        return fileName;
    }

    public void setFileName(@Nullable String fileName) {
        this.fileName = fileName;
    }

    public String getTemporaryName() {
        return temporaryName;
    }

    public void setTemporaryName(String temporaryName) {
        this.temporaryName = temporaryName;
    }

    public String getIfExists() {
        return ifExists;
    }

    public void setIfExists(String ifExists) {
        this.ifExists = ifExists;
    }

    public String getMethod() {
        return method;
    }

    public void setMethod(String method) {
        this.method = method;
    }

    public @Nullable String getSchedule() {
        return schedule;
    }

    public void setSchedule(@Nullable String schedule) {
        this.schedule = schedule;
    }

    public @Nullable String getCron() {
        return cron;
    }

    public void setCron(@Nullable String cron) {
        this.cron = cron;
    }

    public @Nullable String getEvery() {
        return every;
    }

    public void setEvery(@Nullable String every) {
        this.every = every;
    }

    public String getInclude() {
        return include;
    }

    public void setInclude(String include) {
        this.include = include;
    }

    public String getExclude() {
        return exclude;
    }

    public void setExclude(String exclude) {
        this.exclude = exclude;
    }

    public String getAfterwards() {
        return afterwards;
    }

    public void setAfterwards(String afterwards) {
        this.afterwards = afterwards;
    }

    public String getMoveTo() {
        return moveTo;
    }

    public void setMoveTo(String moveTo) {
        this.moveTo = moveTo;
    }

    public String getStable() {
        return stable;
    }

    public void setStable(String stable) {
        this.stable = stable;
    }

    public int getMaxFiles() {
        return maxFiles;
    }

    public void setMaxFiles(int maxFiles) {
        this.maxFiles = maxFiles;
    }

    public int getMaxInFlight() {
        return maxInFlight;
    }

    public void setMaxInFlight(int maxInFlight) {
        this.maxInFlight = maxInFlight;
    }
}
