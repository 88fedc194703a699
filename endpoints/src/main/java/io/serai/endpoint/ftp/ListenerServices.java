package io.serai.endpoint.ftp;

import io.serai.endpoint.PartnerPort;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;

/**
 * What the conversations of a listener share.
 *
 * @param handshakes take data connections before the command that uses them
 */
record ListenerServices(
        FtpServerEndpoint settings,
        PartnerPort port,
        ListenerTls tls,
        PassivePorts passivePorts,
        BalancedClients clients,
        ExecutorService transfers,
        ExecutorService handshakes) {
    /** Runs a transfer on a thread of its own; false when all are busy. */
    boolean start(RunningTransfer transfer) {
        try {
            transfers.execute(transfer);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }
}
