/**
 * The identity that a TLS listener shows: a certificate chain and its key from PEM files, made on first start when there
 * are none. Start reading at {@link io.serai.endpoint.tls.TlsIdentity}.
 */
@NullMarked
package io.serai.endpoint.tls;

import org.jspecify.annotations.NullMarked;
