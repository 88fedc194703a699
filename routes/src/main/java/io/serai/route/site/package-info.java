/**
 * Partners' servers that we connect to: {@code to: site:NAME} delivers, {@code from: site:NAME} pulls, by Camel's own
 * SFTP, FTPS and HTTP components. Start reading at {@link io.serai.route.site.SiteProducer} and, for how a file gets
 * there exactly once, at {@code FileDelivery}.
 *
 * <pre>
 *   begin --> upload to a temporary name --> size checked --> RENAMING recorded --> rename --> DELIVERED recorded
 *   an attempt that finds RENAMING: temporary file there --> rename again; gone --> the rename had happened
 *   a former owner that goes on after the record: its temporary file is gone --> it looks whose event it is --> FENCED
 * </pre>
 */
@NullMarked
package io.serai.route.site;

import org.jspecify.annotations.NullMarked;
