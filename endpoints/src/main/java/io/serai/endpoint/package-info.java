/**
 * The vocabulary that all inbound endpoints speak: each partner operation is an InOut exchange whose body is a
 * {@link io.serai.endpoint.PartnerOperation}; bulk bytes flow through the channel that an open operation returned. Start
 * reading at {@link io.serai.endpoint.PartnerOperation}, then {@link io.serai.endpoint.PartnerPort}.
 */
@NullMarked
package io.serai.endpoint;

import org.jspecify.annotations.NullMarked;
