package io.serai.endpoint.sftp;

import io.serai.endpoint.handover.HandedConnection;
import java.net.SocketAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import org.apache.sshd.common.Closeable;
import org.apache.sshd.common.io.IoAcceptor;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoServiceEventListener;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.util.closeable.AbstractInnerCloseable;
import org.jspecify.annotations.Nullable;

/** MINA's acceptor for connections that are handed over. What is bound is a name for it, and no port. */
final class HandedAcceptor extends AbstractInnerCloseable implements IoAcceptor {
    private final IoHandler handler;
    private final ExecutorService threads;
    private final Set<SocketAddress> bound = new CopyOnWriteArraySet<>();
    private final Map<Long, IoSession> sessions = new ConcurrentHashMap<>();
    private volatile @Nullable IoServiceEventListener eventListener;

    /** @param threads on which connections are served, each by at most two at one time */
    HandedAcceptor(IoHandler handler, ExecutorService threads) {
        this.handler = handler;
        this.threads = threads;
    }

    /** As {@link io.serai.endpoint.handover.HandoverListener#take}. */
    boolean take(HandedConnection connection) {
        if (bound.isEmpty() || isClosing()) {
            return false;
        }
        try {
            threads.execute(new HandedSession(this, handler, threads, connection)::begin);
            return true;
        } catch (RejectedExecutionException e) {
            log.debug("A connection came while {} was being stopped", this, e);
            return false;
        }
    }

    void add(IoSession session) {
        sessions.put(session.getId(), session);
        if (isClosing()) {
            session.close(true);
        }
    }

    void remove(IoSession session) {
        sessions.remove(session.getId());
    }

    @Override
    public void bind(SocketAddress address) {
        bound.add(address);
    }

    @Override
    public void bind(Collection<? extends SocketAddress> addresses) {
        bound.addAll(addresses);
    }

    @Override
    public void unbind() {
        bound.clear();
    }

    @Override
    public void unbind(SocketAddress address) {
        bound.remove(address);
    }

    @Override
    public void unbind(Collection<? extends SocketAddress> addresses) {
        addresses.forEach(bound::remove);
    }

    @Override
    public Set<SocketAddress> getBoundAddresses() {
        return Set.copyOf(bound);
    }

    @Override
    public Map<Long, IoSession> getManagedSessions() {
        return Map.copyOf(sessions);
    }

    @Override
    public @Nullable IoServiceEventListener getIoServiceEventListener() {
        return eventListener;
    }

    @Override
    public void setIoServiceEventListener(@Nullable IoServiceEventListener listener) {
        eventListener = listener;
    }

    @Override
    protected Closeable getInnerCloseable() {
        return builder()
                .run(this, this::unbind)
                .parallel(this, List.copyOf(sessions.values()))
                .build();
    }
}
