package io.serai.endpoint.http;

/** Whether a listener speaks TLS. */
public enum HttpTls {
    REQUIRED,
    /** Clear text, for a listener behind a proxy that ends TLS. */
    OFF
}
