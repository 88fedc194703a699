package io.serai.endpoint.ftp;

import java.io.IOException;

/** What a command does in a conversation; a {@link io.serai.config.error.SeraiException} becomes its reply. */
@FunctionalInterface
interface Verb {
    /** @param argument what follows the command, empty when nothing does */
    void run(Conversation conversation, String argument) throws IOException;
}
