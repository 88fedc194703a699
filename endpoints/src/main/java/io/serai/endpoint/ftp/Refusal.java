package io.serai.endpoint.ftp;

/** Leaves a command with a reply that is FTP's own and no {@link io.serai.config.error.ErrorCode}. */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Answer answer;

    Refusal(Answer answer) {
        super(answer.getMessage(), null, false, false);
        this.answer = answer;
    }

    Answer answer() {
        return answer;
    }
}
