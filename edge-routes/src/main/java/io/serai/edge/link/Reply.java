package io.serai.edge.link;

import io.serai.edge.message.Status;

/** The answer to a request: the method's reply when OK, else a {@code Failure}. */
@SuppressWarnings("ArrayRecordComponent") // an answer is read once and never compared
public record Reply(Status status, byte[] payload) {}
