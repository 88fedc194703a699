package io.serai.route.deploy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.file.Path;
import org.apache.camel.Endpoint;
import org.apache.camel.component.file.FileEndpoint;
import org.apache.camel.spi.EndpointStrategy;

/**
 * Holds the policy for endpoints that are made while routes run (toD, recipientList, …): {@code file:} stays in its areas,
 * and components that no route may name are not made. The deployer registers it with its Camel context.
 */
final class EndpointGuard implements EndpointStrategy {
    /** Refused in route files, but the listeners' own routes end there. */
    private static final String OURS = "partner-session";

    private final RoutePolicy policy;

    EndpointGuard(RoutePolicy policy) {
        this.policy = policy;
    }

    @Override
    public Endpoint registerEndpoint(String uri, Endpoint endpoint) {
        String scheme = uri.substring(0, Math.max(0, uri.indexOf(':')));
        if (policy.refusedComponents().contains(scheme) && !OURS.equals(scheme)) {
            throw new SeraiException(ErrorCode.INVALID, "The component " + scheme + ": is not open to routes");
        }
        if (endpoint instanceof FileEndpoint file) {
            Path folder = Path.of(file.getConfiguration().getDirectory());
            if (!policy.allowsFolder(folder)) {
                throw new SeraiException(
                        ErrorCode.INVALID, "file:" + folder + " is not open to routes; deliver with site: instead");
            }
        }
        return endpoint;
    }
}
