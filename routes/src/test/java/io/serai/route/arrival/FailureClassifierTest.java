package io.serai.route.arrival;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.error.ErrorCode;
import java.io.IOException;
import org.apache.camel.support.processor.UnmarshalProcessor;
import org.junit.jupiter.api.Test;

class FailureClassifierTest {
    private static <T extends Throwable> T thrownIn(String className, T failure) {
        failure.setStackTrace(new StackTraceElement[] {new StackTraceElement(className, "read", null, 1)});
        return failure;
    }

    private static ErrorCode inUnmarshal(Throwable cause) {
        return new FailureClassifier()
                .classify(thrownIn(UnmarshalProcessor.class.getName(), new IllegalStateException("no luck", cause)))
                .code();
    }

    @Test
    void whatAnUnmarshalStepCannotReadIsAboutTheContent() {
        assertThat(inUnmarshal(new IOException("line 1: not a quoted field"))).isEqualTo(ErrorCode.REJECTED_CONTENT);
    }

    @Test
    void aFileThatCannotBeReadIsNotAboutTheContent() {
        IOException down = thrownIn("sun.nio.ch.FileDispatcherImpl", new IOException("Host is down"));

        assertThat(inUnmarshal(down)).isEqualTo(ErrorCode.STEP_FAILED);
    }
}
