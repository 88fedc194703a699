package io.serai.route.deploy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.file.Path;
import org.apache.camel.Endpoint;
import org.apache.camel.component.file.FileEndpoint;
import org.apache.camel.spi.EndpointStrategy;

/**
 * Holds the policy for endpoints that are made while routes run (toD, recipientList, …): {@code file:} stays in its areas,
 * refused components are refused. Register it with every Camel context that runs route files.
 */
public final class FileAreaGuard implements EndpointStrategy {
    private final RoutePolicy policy;

    public FileAreaGuard(RoutePolicy policy) {
        this.policy = policy;
    }

    @Override
    public Endpoint registerEndpoint(String uri, Endpoint endpoint) {
        if (endpoint instanceof FileEndpoint file) {
            Path folder = Path.of(file.getConfiguration().getDirectory());
            if (!policy.allowsFolder(folder)) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "file:" + folder + " lies outside the folders that routes may use (routes.file-areas)");
            }
        }
        return endpoint;
    }
}
