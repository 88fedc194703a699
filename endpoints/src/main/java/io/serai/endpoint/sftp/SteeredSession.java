package io.serai.endpoint.sftp;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.kex.KexProposalOption;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.ServerFactoryManager;
import org.apache.sshd.server.session.ServerSessionImpl;

/**
 * An SSH connection that steers the choice of the cipher. In SSH the client's preference wins among what both sides
 * list, and common clients prefer ciphers that cost three times the CPU of AES-GCM here. So our first KEXINIT is held
 * until the client's is in, and lists AES-GCM alone if the client knows it. A client that waits for our KEXINIT before
 * it sends its own gets the whole list after a short time.
 */
final class SteeredSession extends ServerSessionImpl {
    private static final long HOLD_MILLIS = 300;
    private static final List<String> PREFERRED =
            List.of(BuiltinCiphers.aes128gcm.getName(), BuiltinCiphers.aes256gcm.getName());

    private final AtomicBoolean held = new AtomicBoolean();
    private final AtomicBoolean sent = new AtomicBoolean();
    private volatile boolean steered;

    SteeredSession(ServerFactoryManager server, IoSession connection) throws Exception {
        super(server, connection);
    }

    @Override
    protected byte[] sendKexInit() throws Exception {
        if (!held.compareAndSet(false, true)) {
            return super.sendKexInit();
        }
        ScheduledExecutorService timer = getFactoryManager().getScheduledExecutorService();
        timer.schedule(this::releaseLate, HOLD_MILLIS, TimeUnit.MILLISECONDS);
        return new byte[0];
    }

    @Override
    protected byte[] receiveKexInit(Buffer buffer) throws Exception {
        byte[] seed = super.receiveKexInit(buffer);
        if (sent.compareAndSet(false, true)) {
            steered = knowsPreferred(KexProposalOption.C2SENC) && knowsPreferred(KexProposalOption.S2CENC);
            super.sendKexInit();
        }
        return seed;
    }

    private boolean knowsPreferred(KexProposalOption direction) {
        String offered = getClientKexProposals().getOrDefault(direction, "");
        return Arrays.stream(offered.split(",")).anyMatch(PREFERRED::contains);
    }

    private void releaseLate() {
        if (isOpen() && sent.compareAndSet(false, true)) {
            try {
                super.sendKexInit();
            } catch (Exception e) {
                exceptionCaught(e);
            }
        }
    }

    @Override
    protected byte[] sendKexInit(Map<KexProposalOption, String> proposal) throws Exception {
        if (!steered) {
            return super.sendKexInit(proposal);
        }
        Map<KexProposalOption, String> narrowed = new EnumMap<>(proposal);
        narrowed.computeIfPresent(KexProposalOption.C2SENC, (option, ciphers) -> preferredOf(ciphers));
        narrowed.computeIfPresent(KexProposalOption.S2CENC, (option, ciphers) -> preferredOf(ciphers));
        return super.sendKexInit(narrowed);
    }

    private static String preferredOf(String ciphers) {
        return Arrays.stream(ciphers.split(",")).filter(PREFERRED::contains).collect(Collectors.joining(","));
    }
}
