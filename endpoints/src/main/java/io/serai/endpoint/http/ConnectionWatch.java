package io.serai.endpoint.http;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;

/** Closes a connection that does not bring the whole head of a request in time. Guarded by its own monitor. */
final class ConnectionWatch {
    private static final long NONE = -1;

    private final Vertx vertx;
    private final HttpConnection connection;
    private final long limitMillis;
    private long timer = NONE;
    private int requests;
    private boolean isStopped;

    ConnectionWatch(Vertx vertx, HttpConnection connection, long limitMillis) {
        this.vertx = vertx;
        this.connection = connection;
        this.limitMillis = limitMillis;
    }

    /** No request is there: the time runs. */
    synchronized void waiting() {
        if (!isStopped && timer == NONE) {
            timer = vertx.setTimer(limitMillis, late -> expired());
        }
    }

    synchronized void busy() {
        requests++;
        cancel();
    }

    synchronized void idle() {
        requests--;
        if (requests == 0) {
            waiting();
        }
    }

    synchronized void stop() {
        isStopped = true;
        cancel();
    }

    private synchronized void expired() {
        timer = NONE;
        if (requests == 0 && !isStopped) {
            connection.close();
        }
    }

    private void cancel() {
        if (timer != NONE) {
            vertx.cancelTimer(timer);
            timer = NONE;
        }
    }
}
