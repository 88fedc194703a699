package io.serai.route.arrival;

import io.serai.cluster.storage.Storage;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.RouteId;
import io.serai.config.name.VirtualPath;
import io.serai.route.EventSource;
import io.serai.route.NodeParts;
import io.serai.route.SeraiHeaders;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/**
 * Process the files that partners have sent into a folder of their account.
 *
 * <p>Every completed upload is an event that runs the route once, on any node, until it ends well or is parked.
 */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "arrival",
        title = "Arrival",
        syntax = "arrival:account/folder",
        consumerOnly = true,
        remote = false,
        category = {Category.FILE},
        headersClass = SeraiHeaders.class)
public class ArrivalEndpoint extends DefaultEndpoint {
    private static final String EVERY_ACCOUNT = "*";
    private static final int MOST_IN_FLIGHT = 1000;

    @UriPath(description = "The account whose files arrive, or * for every account.")
    @Metadata(required = true)
    private String account = "";

    @UriPath(
            description = "The folder in the account's home, such as outbox or orders/new. The home itself without it.")
    private String folder = "";

    @UriParam(
            description = "Only files whose name matches one of these comma-separated Ant patterns arrive, such as"
                    + " *.csv. A pattern with a slash is matched against the path below the folder. Case counts.")
    private String include = "";

    @UriParam(description = "Files whose name matches one of these comma-separated Ant patterns do not arrive.")
    private String exclude = "";

    @UriParam(description = "Whether files in folders below the folder arrive too.", defaultValue = "false")
    private boolean recursive;

    @UriParam(
            description = "How many files of this route a node processes at the same time.",
            defaultValue = "8",
            javaType = "java.lang.Integer")
    private int maxInFlight = 8;

    @UriParam(
            description = "Which events go first when there are more than can run: 0 (last) to 9 (first).",
            defaultValue = "5",
            javaType = "java.lang.Integer")
    private int priority = 5;

    public ArrivalEndpoint(String uri, ArrivalComponent component) {
        super(uri, component);
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        ArrivalConsumer consumer = new ArrivalConsumer(
                this,
                processor,
                NodeParts.require(getCamelContext(), EventSource.class),
                NodeParts.require(getCamelContext(), Storage.class));
        configureConsumer(consumer);
        return consumer;
    }

    @Override
    public Producer createProducer() {
        throw new SeraiException(ErrorCode.INVALID, "arrival: begins a route and cannot be sent to");
    }

    /** What the route waits for. */
    public ArrivalSubscription subscription(RouteId route) {
        return new ArrivalSubscription(
                route, owner(), VirtualPath.parse(folder), patterns(include), patterns(exclude), recursive, priority);
    }

    /** The account whose files arrive; empty for every account. */
    public Optional<AccountName> owner() {
        return account.equals(EVERY_ACCOUNT) ? Optional.empty() : Optional.of(new AccountName(account));
    }

    /** Throws {@code INVALID} for options that cannot be meant. */
    void check() {
        if (!account.equals(EVERY_ACCOUNT) && owner().isEmpty()) {
            throw invalid("it needs an account, as in arrival:acme/outbox");
        }
        VirtualPath.parse(folder);
        if (maxInFlight < 1 || maxInFlight > MOST_IN_FLIGHT) {
            throw invalid("maxInFlight must be 1 to " + MOST_IN_FLIGHT);
        }
        if (priority < 0 || priority > 9) {
            throw invalid("priority must be 0 (last) to 9 (first)");
        }
    }

    private SeraiException invalid(String why) {
        return new SeraiException(ErrorCode.INVALID, "arrival:" + account + "/" + folder + ": " + why);
    }

    private static List<String> patterns(String list) {
        return Arrays.stream(list.split(","))
                .map(String::trim)
                .filter(pattern -> !pattern.isEmpty())
                .toList();
    }

    public String getAccount() {
        return account;
    }

    public void setAccount(String account) {
        this.account = account;
    }

    public String getFolder() {
        return folder;
    }

    public void setFolder(String folder) {
        this.folder = folder;
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

    public boolean isRecursive() {
        return recursive;
    }

    public void setRecursive(boolean recursive) {
        this.recursive = recursive;
    }

    public int getMaxInFlight() {
        return maxInFlight;
    }

    public void setMaxInFlight(int maxInFlight) {
        this.maxInFlight = maxInFlight;
    }

    public int getPriority() {
        return priority;
    }

    public void setPriority(int priority) {
        this.priority = priority;
    }
}
