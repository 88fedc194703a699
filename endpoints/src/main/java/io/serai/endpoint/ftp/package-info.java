/**
 * {@code ftp-server:}, FTPS for partners on Apache FtpServer, of which the control connection is used; commands and data
 * connections are our own. Start reading at {@link io.serai.endpoint.ftp.Conversation}.
 *
 * <p>A conversation runs one command at a time. A transfer runs on a thread of its own; meanwhile ABOR is heard and every
 * other command waits:
 *
 * <pre>
 *   idle --command--> running --reply--> idle
 *   idle --STOR, RETR, LIST, …--> 150 --> transferring --226, 426, 5xx--> idle
 *   transferring --ABOR--> breaking off --426 then 226--> idle
 *   any --end of the control connection--> breaking off --> closed
 * </pre>
 */
@NullMarked
package io.serai.endpoint.ftp;

import org.jspecify.annotations.NullMarked;
