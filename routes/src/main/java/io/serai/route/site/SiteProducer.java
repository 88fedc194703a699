package io.serai.route.site;

import io.serai.cluster.limit.LimitOwner;
import io.serai.cluster.object.ObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.route.EventContext;
import io.serai.route.NodeParts;
import io.serai.route.StoredFile;
import io.serai.route.site.connection.RemotePath;
import io.serai.route.site.connection.StopSwitch;
import java.io.InputStream;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.StreamCache;
import org.apache.camel.support.DefaultProducer;
import org.jspecify.annotations.Nullable;

/** Delivers the body of each exchange to its site, exactly once for each step of an event. */
public class SiteProducer extends DefaultProducer {
    private static final String READ_BODY = "CamelSeraiReadBody";

    private final SiteEndpoint endpoint;
    private @Nullable Expression fileName;

    public SiteProducer(SiteEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        String expression = endpoint.getFileName();
        if (expression != null) {
            fileName = getEndpoint().getCamelContext().resolveLanguage("simple").createExpression(expression);
            fileName.init(getEndpoint().getCamelContext());
        }
    }

    @Override
    public void process(Exchange exchange) throws Exception {
        EventContext context = EventContext.require(exchange);
        Site site = site();
        Parcel parcel = new Parcel(
                context.event(),
                context.stepKey(exchange, target()),
                site,
                RemotePath.folder(site.folder(), endpoint.getPath()),
                FileNames.of(exchange, context, fileName),
                endpoint.temporaryNames(),
                endpoint.ifExistsPolicy(),
                body(exchange));
        StopSwitch stop = new StopSwitch();
        try (EventContext.Registration stopping = context.onCancel(stop::pull)) {
            deliver(parcel, stop);
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.SITE_FULL) {
                context.waitFor(LimitOwner.of(site.name()), site.maxParallel());
            }
            throw e;
        }
    }

    private void deliver(Parcel parcel, StopSwitch stop) {
        SiteComponent component = endpoint.getComponent();
        if (parcel.site().protocol() == Protocol.HTTPS) {
            new HttpsDelivery(component.deliveries(), component.connections(), endpoint.getMethod())
                    .deliver(parcel, stop);
        } else {
            new FileDelivery(component.deliveries(), component.connections()).deliver(parcel, stop);
        }
    }

    private Site site() {
        return NodeParts.require(endpoint.getCamelContext(), ObjectStore.class)
                .find(Site.class, endpoint.getName())
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT,
                        "There is no site " + endpoint.getName() + "; apply one, then retry the event"));
    }

    /** What makes this step's key its own: where it delivers to, as the route says it. */
    private String target() {
        return "site:" + endpoint.getName() + "/" + endpoint.getPath()
                + (endpoint.getFileName() == null ? "" : "?" + endpoint.getFileName());
    }

    private static DeliveredBody body(Exchange exchange) {
        Object body = exchange.getMessage().getBody();
        if (body instanceof StoredFile file) {
            return new DeliveredBody(file::open, OptionalLong.of(file.sizeBytes()), file.sha256());
        }
        if (body instanceof byte[] bytes) {
            return converted(exchange, OptionalLong.of(bytes.length));
        }
        if (body instanceof StreamCache cache) {
            return new DeliveredBody(
                    () -> {
                        cache.reset();
                        return stream(exchange);
                    },
                    cache.length() > 0 ? OptionalLong.of(cache.length()) : OptionalLong.empty(),
                    Optional.empty());
        }
        if (body instanceof InputStream once) {
            return new DeliveredBody(() -> firstRead(exchange, once), OptionalLong.empty(), Optional.empty());
        }
        return converted(exchange, OptionalLong.empty());
    }

    private static DeliveredBody converted(Exchange exchange, OptionalLong size) {
        return new DeliveredBody(() -> stream(exchange), size, Optional.empty());
    }

    /** A bare stream is empty when it has been read; delivering that would lose the file in silence. */
    private static InputStream firstRead(Exchange exchange, InputStream once) {
        if (exchange.getProperty(READ_BODY) == once) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The body of route " + exchange.getFromRouteId()
                            + " is a stream that an earlier step has read; let the"
                            + " route cache streams (streamCache: true)");
        }
        exchange.setProperty(READ_BODY, once);
        return once;
    }

    private static InputStream stream(Exchange exchange) {
        try {
            return exchange.getMessage().getMandatoryBody(InputStream.class);
        } catch (InvalidPayloadException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "Route " + exchange.getFromRouteId() + " delivers a body that has no bytes: " + e.getMessage(),
                    e);
        }
    }
}
