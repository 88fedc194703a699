/**
 * The inbound SFTP listener {@code sftp-server:NAME} on Apache MINA SSHD: it speaks SSH and SFTP version 3, and knows
 * neither accounts nor files. Start reading at {@link io.serai.endpoint.sftp.SftpServerEndpoint}, then
 * {@link io.serai.endpoint.sftp.SshListener}.
 */
@NullMarked
package io.serai.endpoint.sftp;

import org.jspecify.annotations.NullMarked;
