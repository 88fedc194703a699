package io.serai.route.site.connection;

/** A connection that the next delivery may use again. */
public interface Reusable extends AutoCloseable {
    Line line();

    /** Asks for a sign of life; false when the connection is of no use any more. */
    boolean alive();

    /** Ends the connection; never throws. */
    @Override
    void close();
}
