package io.serai.route.arrival;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.FileSystemException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Stream;
import java.util.zip.ZipException;
import org.apache.camel.CamelExecutionException;
import org.apache.camel.ExpressionIllegalSyntaxException;
import org.apache.camel.FailedToCreateRouteException;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.NoSuchBeanException;
import org.apache.camel.NoSuchEndpointException;
import org.apache.camel.NoSuchLanguageException;
import org.apache.camel.NoTypeConversionAvailableException;
import org.apache.camel.ResolveEndpointFailedException;
import org.apache.camel.ValidationException;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.apache.camel.support.processor.UnmarshalProcessor;

/**
 * What an exception of a route means, and hence what becomes of its event. The first exception of the chain that is known
 * decides, from the outermost inwards; what nobody knows is retried as a failed step.
 */
public final class FailureClassifier {
    private static final int LONGEST_TEXT = 1000;
    private static final int LONGEST_CHAIN = 20;

    /** In this order: a class comes before those that it extends. */
    private static final Map<Class<? extends Throwable>, ErrorCode> KNOWN = known();

    /** From libraries that only some steps bring in. */
    private static final Set<String> CONTENT_EXCEPTIONS =
            Set.of("org.bouncycastle.openpgp.PGPException", "org.apache.commons.csv.CSVException");

    /** A failure's code and its text for operators. */
    public record Classified(ErrorCode code, String text) {}

    public Classified classify(Throwable failure) {
        int depth = 0;
        for (Throwable t = failure; t != null && depth < LONGEST_CHAIN; t = t.getCause(), depth++) {
            Optional<ErrorCode> code = codeOf(t);
            if (code.isPresent()) {
                return new Classified(code.get(), text(t));
            }
        }
        return new Classified(
                isOfUnmarshal(failure) ? ErrorCode.REJECTED_CONTENT : ErrorCode.STEP_FAILED, text(failure));
    }

    private static Optional<ErrorCode> codeOf(Throwable t) {
        if (t instanceof SeraiException known) {
            return Optional.of(known.code());
        }
        if (t instanceof HttpOperationFailedException http) {
            return Optional.of(ofHttpStatus(http.getStatusCode()));
        }
        if (t instanceof VirtualMachineError) {
            return Optional.of(ErrorCode.BUSY);
        }
        if (isUnreadableContent(t)) {
            return Optional.of(ErrorCode.REJECTED_CONTENT);
        }
        String message = t.getMessage();
        if (t instanceof IOException && message != null && message.contains("No space left on device")) {
            return Optional.of(ErrorCode.NO_SPACE);
        }
        return KNOWN.entrySet().stream()
                .filter(entry -> entry.getKey().isInstance(t))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    /** The bytes are not what a step expects of them: the next attempt would read the same. */
    private static boolean isUnreadableContent(Throwable t) {
        return t instanceof com.fasterxml.jackson.core.JsonProcessingException
                || t instanceof org.xml.sax.SAXException
                || t instanceof ZipException
                || t instanceof ValidationException
                || CONTENT_EXCEPTIONS.contains(t.getClass().getName())
                || (t instanceof EOFException
                        && Objects.toString(t.getMessage(), "").contains("ZLIB"));
    }

    /** Data formats throw what they like; in an unmarshal step, all but a file that cannot be read is about the content. */
    private static boolean isOfUnmarshal(Throwable failure) {
        if (!passed(failure, UnmarshalProcessor.class.getName())) {
            return false;
        }
        Throwable t = failure;
        for (int depth = 0; t != null && depth < LONGEST_CHAIN; t = t.getCause(), depth++) {
            boolean ofTheSystem = passed(t, "sun.nio.") || passed(t, "java.io.File");
            if (t instanceof FileSystemException || (t instanceof IOException && ofTheSystem)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a failure came through a class whose name begins so. */
    private static boolean passed(Throwable failure, String className) {
        return Stream.of(failure.getStackTrace())
                .anyMatch(frame -> frame.getClassName().startsWith(className));
    }

    private static ErrorCode ofHttpStatus(int status) {
        return switch (status) {
            case 401, 403, 407 -> ErrorCode.SITE_LOGIN_REFUSED;
            case 408, 504 -> ErrorCode.SITE_TIMEOUT;
            case 425, 429 -> ErrorCode.SITE_FAILED;
            default -> status >= 400 && status < 500 ? ErrorCode.SITE_REJECTED : ErrorCode.SITE_FAILED;
        };
    }

    private static Map<Class<? extends Throwable>, ErrorCode> known() {
        Map<Class<? extends Throwable>, ErrorCode> map = new LinkedHashMap<>();
        map.put(SocketTimeoutException.class, ErrorCode.SITE_TIMEOUT);
        map.put(ConnectException.class, ErrorCode.SITE_UNREACHABLE);
        map.put(NoRouteToHostException.class, ErrorCode.SITE_UNREACHABLE);
        map.put(UnknownHostException.class, ErrorCode.SITE_UNREACHABLE);
        map.put(SocketException.class, ErrorCode.SITE_UNREACHABLE);
        map.put(RejectedExecutionException.class, ErrorCode.BUSY);
        map.put(InterruptedException.class, ErrorCode.BUSY);
        map.put(InvalidPayloadException.class, ErrorCode.INVALID);
        map.put(NoTypeConversionAvailableException.class, ErrorCode.INVALID);
        map.put(NoSuchEndpointException.class, ErrorCode.INVALID);
        map.put(ResolveEndpointFailedException.class, ErrorCode.INVALID);
        map.put(FailedToCreateRouteException.class, ErrorCode.INVALID);
        map.put(NoSuchBeanException.class, ErrorCode.INVALID);
        map.put(NoSuchLanguageException.class, ErrorCode.INVALID);
        map.put(ExpressionIllegalSyntaxException.class, ErrorCode.INVALID);
        return map;
    }

    private static String text(Throwable t) {
        Throwable shown = t instanceof CamelExecutionException && t.getCause() != null ? t.getCause() : t;
        String message = shown.getMessage();
        String text = shown instanceof SeraiException known
                ? known.text()
                : shown.getClass().getSimpleName() + (message == null ? "" : ": " + message);
        StringBuilder printable = new StringBuilder();
        text.codePoints()
                .limit(LONGEST_TEXT)
                .forEach(c -> printable.appendCodePoint(Character.isISOControl(c) && c != '\n' ? ' ' : c));
        return printable.toString();
    }
}
