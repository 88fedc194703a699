package io.serai.route.site;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.route.EventContext;
import io.serai.route.SafeFileName;
import io.serai.route.SeraiHeaders;
import io.serai.route.site.connection.RemotePath;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.jspecify.annotations.Nullable;

/** Which name a file gets at a site. What partners sent is only ever a value here, never part of an expression. */
final class FileNames {
    private static final Pattern FUNCTION = Pattern.compile("\\$\\{([^}]*)}");
    private static final Pattern ALLOWED = Pattern.compile(
            "(?:header\\.CamelSerai\\w+|exchangeProperty\\.\\w+|exchangeId|routeId|date:now:[\\w. :-]+|random\\(\\d+(?:,\\d+)?\\))");

    private FileNames() {}

    /** Refuses an expression that reads more than Serai's headers, the route's properties and the clock. */
    static void check(String expression) {
        Matcher functions = FUNCTION.matcher(expression);
        String rest = functions.replaceAll("");
        Matcher each = FUNCTION.matcher(expression);
        boolean good = !rest.contains("${") && !rest.contains("$simple{") && !rest.contains("/");
        while (good && each.find()) {
            good = ALLOWED.matcher(each.group(1)).matches();
        }
        if (!good) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "fileName=" + expression + " may hold text and ${header.CamelSerai…}, ${exchangeProperty.…},"
                            + " ${date:now:…}, ${routeId}; one name, without '/'");
        }
    }

    /** The final name, checked to be exactly one name. */
    static String of(Exchange exchange, EventContext context, @Nullable Expression expression) {
        return RemotePath.checkedName(
                expression == null ? byHeaders(exchange, context) : expression.evaluate(exchange, String.class));
    }

    /** A header that the route changed tells the name; Camel's data formats change theirs. */
    private static String byHeaders(Exchange exchange, EventContext context) {
        String original = SafeFileName.of(context.event().path());
        String ours = exchange.getMessage().getHeader(SeraiHeaders.FILE_NAME, String.class);
        if (ours != null && !ours.equals(original)) {
            return ours;
        }
        String camels = exchange.getMessage().getHeader(Exchange.FILE_NAME, String.class);
        return camels != null ? camels : original;
    }
}
