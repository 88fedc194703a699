package io.serai.server.log;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.core.joran.spi.JoranException;
import io.serai.config.settings.LogFormat;
import java.net.URL;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Sets up the log of a server; everything goes to standard output, where service managers expect it. */
public final class LogSetup {
    private LogSetup() {}

    /**
     * @param format text for people, or one JSON object a line
     * @param node the node's name, which every line bears
     * @param level the level of Serai's own loggers, such as {@code INFO}
     */
    public static void apply(LogFormat format, String level, String node) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        URL file = LogSetup.class.getResource(
                switch (format) {
                    case TEXT -> "logback-text.xml";
                    case JSON -> "logback-json.xml";
                });
        if (file == null) {
            throw new IllegalStateException("this build lacks its log configuration");
        }
        context.reset();
        context.putProperty("serai.log.level", level);
        context.putProperty("serai.node", node);
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        try {
            configurator.doConfigure(file);
        } catch (JoranException e) {
            throw new IllegalStateException("the log configuration of this build is broken", e);
        }
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
    }
}
