/**
 * {@code http-server:}, HTTPS for partners: PUT, GET with ranges, listings and a few WebDAV verbs. One request is read
 * on an event loop, answered by workers ({@link io.serai.endpoint.http.RequestDispatcher} is where to start reading);
 * bodies are moved by {@link io.serai.endpoint.http.UploadFlow} and {@link io.serai.endpoint.http.DownloadFlow}.
 */
@NullMarked
package io.serai.endpoint.http;

import org.jspecify.annotations.NullMarked;
