package io.serai.endpoint.ftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.VirtualPath;
import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.Pace;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** STOR, APPE, RETR and what prepares them. Bytes are moved as they are, in TYPE A too. */
final class TransferVerbs {
    private static final int BLOCK_BYTES = 256 * 1024;

    private TransferVerbs() {}

    // ---- data connections ----

    static void passive(Conversation conversation, String argument) throws IOException {
        InetAddress local = local(conversation);
        String told = conversation.services().settings().getPassiveAddress();
        if (told.isBlank() && !(local instanceof Inet4Address)) {
            throw new SeraiException(ErrorCode.UNSUPPORTED, "Use EPSV with IPv6");
        }
        DataConnection data = listen(conversation, local);
        String address = told.isBlank() ? local.getHostAddress() : told;
        conversation.reply(
                227,
                "Entering Passive Mode (" + address.replace('.', ',') + "," + (data.port() >> 8) + ","
                        + (data.port() & 255) + ")");
    }

    static void extendedPassive(Conversation conversation, String argument) throws IOException {
        if (argument.equalsIgnoreCase("ALL")) {
            conversation.reply(200, "Only EPSV from now on");
            return;
        }
        InetAddress local = local(conversation);
        String family = local instanceof Inet4Address ? "1" : "2";
        if (!argument.isEmpty() && !argument.equals(family)) {
            conversation.reply(522, "Network protocol not supported, use (" + family + ")");
            return;
        }
        DataConnection data = listen(conversation, local);
        conversation.reply(229, "Entering Extended Passive Mode (|||" + data.port() + "|)");
    }

    private static DataConnection listen(Conversation conversation, InetAddress local) throws IOException {
        ListenerServices services = conversation.services();
        Duration timeout = Duration.ofMillis(services.settings().getDataTimeout());
        DataConnection data = new DataConnection(
                services.passivePorts().listen(local), services.clients(), conversation.client(), timeout);
        conversation.listenAt(data);
        if (conversation.protectsData()) {
            Duration patience = Duration.ofMillis(services.settings().getIdleTimeout());
            data.expect(services.tls().getSSLContext(), patience, services.handshakes());
        }
        return data;
    }

    private static InetAddress local(Conversation conversation) {
        return ((InetSocketAddress) conversation.control().getLocalAddress()).getAddress();
    }

    /** The data connection that PASV or EPSV prepared, if it is as safe as it must be. */
    static DataConnection data(Conversation conversation) {
        boolean mustProtect = conversation.services().settings().getTls() != FtpTls.OPTIONAL;
        Optional<DataConnection> ready = conversation.takePassive();
        if (mustProtect && !conversation.protectsData()) {
            ready.ifPresent(DataConnection::close);
            throw new Refusal(Answer.of(521, "Data connections must be protected; send PBSZ 0 and PROT P first"));
        }
        return ready.orElseThrow(() -> new Refusal(Answer.of(425, "Send PASV or EPSV first")));
    }

    static void restart(Conversation conversation, String argument) {
        if (!argument.matches("\\d{1,18}")) {
            throw new SeraiException(ErrorCode.INVALID, "REST needs an offset in bytes");
        }
        conversation.restartAt(Long.parseLong(argument));
        conversation.reply(350, "The next transfer starts at byte " + argument);
    }

    static void allocate(Conversation conversation, String argument) {
        String size = argument.split(" ", -1)[0];
        conversation.announce(size.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(size)) : OptionalLong.empty());
        conversation.reply(200, "Noted");
    }

    static void abort(Conversation conversation) {
        Optional<RunningTransfer> running = conversation.transfer();
        if (running.isPresent()) {
            running.get().abor();
        } else {
            conversation.reply(226, "Nothing to break off");
        }
    }

    // ---- uploads ----

    static void store(Conversation conversation, String argument) {
        VirtualPath path = conversation.path(argument);
        long restart = conversation.takeRestart();
        OptionalLong announced = conversation.takeAnnounced();
        DataConnection data = data(conversation);
        try {
            UploadChannel channel = restart == 0
                    ? conversation.call(new OpenUpload(conversation.id(), path, UploadMode.REPLACE, announced))
                    : resume(conversation, path, OptionalLong.of(restart));
            conversation.start(new RunningTransfer(conversation, data, new Upload(channel)));
        } catch (RuntimeException e) {
            data.close();
            throw e;
        }
    }

    static void append(Conversation conversation, String argument) {
        VirtualPath path = conversation.path(argument);
        conversation.takeRestart();
        conversation.takeAnnounced();
        DataConnection data = data(conversation);
        try {
            UploadChannel channel = resume(conversation, path, OptionalLong.empty());
            conversation.start(new RunningTransfer(conversation, data, new Upload(channel)));
        } catch (RuntimeException e) {
            data.close();
            throw e;
        }
    }

    private static UploadChannel resume(Conversation conversation, VirtualPath path, OptionalLong at) {
        if (at.isPresent()) {
            checkOffset(at.getAsLong(), held(conversation, path));
        }
        UploadChannel channel =
                conversation.call(new OpenUpload(conversation.id(), path, UploadMode.RESUME, OptionalLong.empty()));
        try {
            if (at.isPresent()) {
                checkOffset(at.getAsLong(), channel.startOffset());
            }
            return channel;
        } catch (SeraiException e) {
            channel.abort(e.text());
            channel.close();
            throw e;
        }
    }

    private static long held(Conversation conversation, VirtualPath path) {
        try {
            return conversation.stat(path, StatPurpose.RESUME).sizeBytes();
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.NO_SUCH_FILE) {
                return 0;
            }
            throw e;
        }
    }

    private static void checkOffset(long asked, long held) {
        if (asked != held) {
            throw new SeraiException(
                    ErrorCode.BAD_OFFSET, "The upload goes on at byte " + held + "; send REST " + held);
        }
    }

    /** Bytes on their way in. Only a data connection that the client itself ended is committed. */
    private record Upload(UploadChannel channel) implements RunningTransfer.Cargo {
        @Override
        public Answer move(DataConnection data, Runnable moved) throws IOException {
            InputStream in = data.in();
            byte[] block = new byte[BLOCK_BYTES];
            long offset = channel.startOffset();
            int filled = 0;
            for (int count = in.read(block); count >= 0; count = in.read(block, filled, block.length - filled)) {
                moved.run();
                filled += count;
                if (filled == block.length) {
                    channel.write(ByteBuffer.wrap(block), offset);
                    offset += filled;
                    filled = 0;
                    moved.run();
                    Pace.await(channel::pause, moved);
                }
            }
            boolean isWhole = data.wasEndedByClient();
            data.close();
            if (filled > 0) {
                channel.write(ByteBuffer.wrap(block, 0, filled), offset);
            }
            if (!isWhole) {
                throw new SeraiException(
                        ErrorCode.PARTNER_ABORT,
                        "The data connection ended without a TLS close; the file is not taken");
            }
            UploadReceipt receipt = channel.commit();
            return Answer.of(226, "Stored " + receipt.sizeBytes() + " bytes, SHA-256 " + receipt.sha256());
        }

        @Override
        public void end(String reason) {
            // Does nothing after a commit.
            channel.abort(reason);
            channel.close();
        }
    }

    // ---- downloads ----

    static void retrieve(Conversation conversation, String argument) {
        VirtualPath path = conversation.path(argument);
        long restart = conversation.takeRestart();
        DataConnection data = data(conversation);
        try {
            DownloadChannel channel = conversation.call(new OpenDownload(conversation.id(), path));
            long size = channel.attributes().sizeBytes();
            if (restart > size) {
                channel.close();
                throw new SeraiException(ErrorCode.BAD_OFFSET, "The file ends at byte " + size);
            }
            conversation.start(new RunningTransfer(conversation, data, new Download(channel, restart)));
        } catch (RuntimeException e) {
            data.close();
            throw e;
        }
    }

    /** Bytes on their way out. */
    private record Download(DownloadChannel channel, long start) implements RunningTransfer.Cargo {
        @Override
        public Answer move(DataConnection data, Runnable moved) throws IOException {
            OutputStream out = data.out();
            byte[] block = new byte[BLOCK_BYTES];
            long offset = start;
            for (int count = channel.read(ByteBuffer.wrap(block), offset);
                    count > 0;
                    count = channel.read(ByteBuffer.wrap(block), offset)) {
                out.write(block, 0, count);
                offset += count;
                moved.run();
                Pace.await(channel::pause, moved);
            }
            out.flush();
            data.finish();
            channel.delivered();
            return Answer.of(226, "Sent " + (offset - start) + " bytes");
        }

        @Override
        public void end(String reason) {
            channel.close();
        }
    }
}
