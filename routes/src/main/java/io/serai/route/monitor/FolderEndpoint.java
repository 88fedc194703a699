package io.serai.route.monitor;

import io.serai.cluster.monitor.MonitorRoots;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.route.NodeParts;
import io.serai.route.SeraiHeaders;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
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

/**
 * Run a route for each file that other programs put into a folder of the shared file system, exactly once for each file.
 *
 * <p>The body is the file as it was taken; what happens to the file in the folder afterwards changes nothing for it.
 */
@UriEndpoint(
        firstVersion = "0.2.0",
        scheme = "folder",
        title = "Folder",
        syntax = "folder:directory",
        consumerOnly = true,
        remote = false,
        category = {Category.FILE},
        headersClass = SeraiHeaders.class)
public class FolderEndpoint extends DefaultEndpoint {
    private static final int DEEPEST = 20;

    @UriPath(description = "The absolute path of the folder, below one of the server's monitors.roots.")
    @Metadata(required = true)
    private String directory = "";

    @UriParam(description = "Ant patterns, separated by commas: only files whose path below the folder matches one.")
    private String include = "";

    @UriParam(
            description = "Ant patterns, separated by commas: files whose path below the folder matches are left out.")
    private String exclude = "";

    @UriParam(
            description = "How many levels of folders below are looked into.",
            defaultValue = "0",
            javaType = "java.lang.Integer")
    private int depth;

    @UriParam(
            description = "How long size and time of a file must not have changed before it is taken.",
            defaultValue = "5s")
    private String stable = "5s";

    @UriParam(description = "How often the folder is looked through.", defaultValue = "5s")
    private String every = "5s";

    @UriParam(
            description = "What happens to a file in the folder when it has been taken.",
            enums = "keep,delete,move",
            defaultValue = "keep")
    private String afterwards = "keep";

    @UriParam(description = "With afterwards=move: the folder, absolute or below the monitored one.")
    private String moveTo = "";

    @UriParam(
            description = "How many files of this route a node processes at the same time.",
            defaultValue = "4",
            javaType = "java.lang.Integer")
    private int maxInFlight = 4;

    public FolderEndpoint(String uri, FolderComponent component) {
        super(uri, component);
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        FolderConsumer consumer = new FolderConsumer(this, processor);
        configureConsumer(consumer);
        return consumer;
    }

    @Override
    public Producer createProducer() {
        throw new SeraiException(
                ErrorCode.INVALID, "folder: begins a route and cannot be sent to; deliver with site: instead");
    }

    /** What a route that begins here takes; wrong options are refused when the route starts. */
    MonitorPlan plan(RouteId route) {
        Path folder = Path.of(directory).normalize();
        MonitorRoots roots = NodeParts.require(getCamelContext(), MonitorRoots.class);
        roots.rootOf(folder);
        Path target = moveTo.isEmpty() ? folder : folder.resolve(moveTo).normalize();
        Afterwards end = afterwards();
        if (end == Afterwards.MOVE) {
            if (target.equals(folder)) {
                throw invalid("afterwards=move needs moveTo=FOLDER, another one");
            }
            roots.rootOf(target);
        }
        if (depth < 0 || depth > DEEPEST || maxInFlight < 1) {
            throw invalid("depth must be 0 to " + DEEPEST + " and maxInFlight at least 1");
        }
        Duration period = duration("every", every);
        if (period.toMillis() < 100) {
            throw invalid("every=" + every + " is shorter than 100ms");
        }
        return new MonitorPlan(
                route,
                folder,
                depth,
                MonitorPlan.patterns(include),
                MonitorPlan.patterns(exclude),
                end,
                target,
                duration("stable", stable),
                period);
    }

    private Afterwards afterwards() {
        try {
            return Afterwards.valueOf(afterwards.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw invalid("afterwards=" + afterwards + " is none of keep, delete and move");
        }
    }

    private Duration duration(String option, String text) {
        try {
            return Duration.ofMillis(TimeUtils.toMilliSeconds(text));
        } catch (IllegalArgumentException e) {
            throw invalid(option + "=" + text + " is not a duration such as 5s or 1m");
        }
    }

    private SeraiException invalid(String what) {
        return new SeraiException(ErrorCode.INVALID, "folder:" + directory + ": " + what);
    }

    public String getDirectory() {
        return directory;
    }

    public void setDirectory(String directory) {
        this.directory = directory;
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

    public int getDepth() {
        return depth;
    }

    public void setDepth(int depth) {
        this.depth = depth;
    }

    public String getStable() {
        return stable;
    }

    public void setStable(String stable) {
        this.stable = stable;
    }

    public String getEvery() {
        return every;
    }

    public void setEvery(String every) {
        this.every = every;
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

    public int getMaxInFlight() {
        return maxInFlight;
    }

    public void setMaxInFlight(int maxInFlight) {
        this.maxInFlight = maxInFlight;
    }
}
