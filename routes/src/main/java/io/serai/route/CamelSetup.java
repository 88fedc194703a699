package io.serai.route;

import java.nio.file.Path;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.model.errorhandler.DefaultErrorHandlerDefinition;
import org.apache.camel.spi.StreamCachingStrategy;

/**
 * What every Camel context of Serai has in common: bodies that spool to disk instead of filling the heap, the history of
 * a message so that a failing step has a name, and failures that go back to the event queue instead of being retried or
 * swallowed in the route. Route authors may still use onException and doTry.
 */
public final class CamelSetup {
    private static final long SPOOL_THRESHOLD_BYTES = 128L << 10;
    private static final int BUFFER_BYTES = 64 << 10;

    private CamelSetup() {}

    /**
     * Prepares a context before anything is added to it.
     *
     * @param spoolDirectory where large intermediate bodies go; on a disk with room for the largest files in progress
     * @param stopLimitSeconds how long a route that is stopped or replaced may go on with what it has begun
     */
    public static void apply(CamelContext camel, Path spoolDirectory, int stopLimitSeconds) {
        camel.setStreamCaching(true);
        StreamCachingStrategy spooling = camel.getStreamCachingStrategy();
        spooling.setEnabled(true);
        spooling.setSpoolEnabled(true);
        spooling.setSpoolDirectory(spoolDirectory.toFile());
        spooling.setSpoolThreshold(SPOOL_THRESHOLD_BYTES);
        spooling.setBufferSize(BUFFER_BYTES);
        spooling.setRemoveSpoolDirectoryWhenStopping(false);

        // The log step of a route logs under this name, so that no route id is taken for a library's logger.
        camel.getGlobalOptions().put(Exchange.LOG_EIP_NAME, "route.${routeId}");
        camel.setMessageHistory(true);
        camel.setSourceLocationEnabled(true);
        camel.setLoadTypeConverters(true);
        camel.setAutoStartup(true);
        camel.getShutdownStrategy().setTimeout(stopLimitSeconds);
        camel.getShutdownStrategy().setShutdownNowOnTimeout(true);
        camel.getShutdownStrategy().setLogInflightExchangesOnTimeout(false);

        DefaultErrorHandlerDefinition toTheQueue = new DefaultErrorHandlerDefinition();
        // The dispatcher logs each failed event once, with what happens next.
        toTheQueue.setLevel("DEBUG");
        camel.getCamelContextExtension().setErrorHandlerFactory(toTheQueue);
    }
}
