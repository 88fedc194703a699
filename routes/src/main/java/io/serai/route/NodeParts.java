package io.serai.route;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import org.apache.camel.CamelContext;

/** How components find the parts of the node (storage, queue, sessions): in Camel's registry, by their type. */
public final class NodeParts {
    private NodeParts() {}

    /** The part of this type; the node binds each under its type before the first route starts. */
    public static <T> T require(CamelContext camel, Class<T> type) {
        T part = camel.getRegistry().findSingleByType(type);
        if (part == null) {
            throw new SeraiException(
                    ErrorCode.DEFECT,
                    "No " + type.getSimpleName() + " is bound in the registry of " + camel.getName()
                            + "; the node binds it before it starts routes");
        }
        return part;
    }
}
