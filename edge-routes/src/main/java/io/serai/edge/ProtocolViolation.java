package io.serai.edge;

/**
 * The peer of a link sent something that the protocol forbids. The connection ends with it, and it is counted against the
 * peer. The message says what was wrong, never what the bytes were.
 */
public final class ProtocolViolation extends Exception {
    private static final long serialVersionUID = 1L;

    /** What kind of rule was broken; it decides the code of the BYE. */
    public enum Rule {
        /** Bytes, order or content that the protocol does not know. */
        PROTOCOL,
        /** More bytes than credit was given for, or more streams or requests than allowed. */
        FLOW_CONTROL
    }

    private final Rule rule;

    public ProtocolViolation(String message) {
        this(Rule.PROTOCOL, message);
    }

    public ProtocolViolation(Rule rule, String message) {
        super(message);
        this.rule = rule;
    }

    public Rule rule() {
        return rule;
    }

    /** The message; never null. */
    public String text() {
        String message = getMessage();
        return message == null ? rule.name() : message;
    }
}
