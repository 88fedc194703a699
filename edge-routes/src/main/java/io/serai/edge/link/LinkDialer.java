package io.serai.edge.link;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.ScheduledFuture;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.message.LinkMessages.Bye;
import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.message.LinkMessages.LinkStatus;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.Pin;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's end of its link to one edge: keeps up the wanted number of connections, dials again what was lost, and
 * replaces what has had its time, the new one first. Safe for several threads.
 */
public final class LinkDialer {
    private static final Logger LOG = LoggerFactory.getLogger(LinkDialer.class);
    private static final long TICK_MILLIS = 50;
    /** An edge that has kept to the rules for so many longest waits is as any other. */
    private static final int CALM = 20;

    /**
     * @param edge the name that the edge must prove
     * @param addresses where it is; tried in turn
     */
    public record Target(String edge, List<InetSocketAddress> addresses) {
        public Target {
            addresses = List.copyOf(addresses);
            if (addresses.isEmpty()) {
                throw new IllegalArgumentException("An edge needs an address");
            }
        }
    }

    /** Finds the addresses of a name; may block. */
    @FunctionalInterface
    interface Names {
        InetAddress[] resolve(String name) throws UnknownHostException;
    }

    private final Names resolver;
    private final LinkSetup setup;
    private final Target target;
    private final List<DialSlot> slots = new ArrayList<>();
    private UUID linkId = UUID.randomUUID();
    private @Nullable Link link;
    private @Nullable ScheduledFuture<?> timer;
    private LinkStatus status = new LinkStatus(false, false, 0, 0, 0);
    private int handshakes;
    private int tries;
    private boolean stopped;
    private int offences;
    private long offendedNanos = System.nanoTime();
    private long avoidedUntil = System.nanoTime();
    private String lastFailure = "";
    private String lastLoss = "";

    public LinkDialer(LinkSetup setup, Target target) {
        this(setup, target, InetAddress::getAllByName);
    }

    LinkDialer(LinkSetup setup, Target target, Names resolver) {
        this.resolver = resolver;
        this.setup = setup;
        this.target = target;
        LinkSettings.Connections settings = setup.settings().connections();
        for (int i = 0; i < settings.control(); i++) {
            slots.add(new DialSlot(ConnectionClass.CONTROL, i, settings));
        }
        for (int i = 0; i < settings.data(); i++) {
            slots.add(new DialSlot(ConnectionClass.DATA, i, settings));
        }
    }

    /** Begins to dial; returns at once. */
    public synchronized void start() {
        if (timer == null) {
            timer = setup.transport()
                    .loops()
                    .next()
                    .scheduleWithFixedDelay(this::tick, 0, TICK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** The link, while it can be used. */
    public synchronized Optional<Link> link() {
        return Optional.ofNullable(link).filter(Link::isUsable);
    }

    /** What stands in the way of the link, for operators; empty when nothing has failed yet. */
    public synchronized String lastFailure() {
        return lastFailure;
    }

    /** Why the last connection that was in use was lost, for operators; empty when none was. */
    public synchronized String lastLoss() {
        return lastLoss;
    }

    /** Tells the edge, now and on each new connection, how this server is: draining, for one. */
    public synchronized void tell(LinkStatus now) {
        status = now;
        if (link != null) {
            link.tell(now);
        }
    }

    /** Dials no more and says goodbye; what is open on the link is lost. */
    public void stop() {
        Link open;
        synchronized (this) {
            stopped = true;
            open = link;
            if (timer != null) {
                timer.cancel(false);
            }
        }
        if (open != null) {
            open.close(ByeCode.SHUTDOWN, "the server stops");
        }
    }

    private void tick() {
        List<DialSlot> due = new ArrayList<>();
        synchronized (this) {
            long now = System.nanoTime();
            for (DialSlot slot : slots) {
                boolean room = handshakes < setup.settings().connections().handshakes();
                if (!stopped && room && now - avoidedUntil >= 0 && slot.isDue(now) && isWanted(slot)) {
                    slot.dialling = true;
                    handshakes++;
                    due.add(slot);
                }
            }
        }
        due.forEach(this::dial);
    }

    /** The edge may want fewer data connections than are set; there is always one. */
    private boolean isWanted(DialSlot slot) {
        Optional<Integer> wish = link == null ? Optional.empty() : link.wantedDataConnections();
        return slot.connectionClass == ConnectionClass.CONTROL || slot.index < Math.max(1, wish.orElse(slot.index + 1));
    }

    private void dial(DialSlot slot) {
        InetSocketAddress address;
        UUID id;
        synchronized (this) {
            address = target.addresses()
                    .get(Math.floorMod(tries, target.addresses().size()));
            id = linkId;
        }
        if (!address.isUnresolved()) {
            connect(slot, id, address);
            return;
        }
        try {
            setup.transport().blocking().execute(() -> resolve(slot, id, address));
        } catch (RejectedExecutionException e) {
            failed(slot, "too many names are asked for already");
        }
    }

    /** Asked anew each time, as a name may have come to lead elsewhere. May block. */
    private void resolve(DialSlot slot, UUID id, InetSocketAddress address) {
        InetSocketAddress fresh;
        try {
            fresh = new InetSocketAddress(resolver.resolve(address.getHostString())[0], address.getPort());
        } catch (UnknownHostException | RuntimeException e) {
            failed(slot, "no address is known of " + address.getHostString());
            return;
        }
        if (isStopped()) {
            failed(slot, "the server stops");
        } else {
            connect(slot, id, fresh);
        }
    }

    private synchronized boolean isStopped() {
        return stopped;
    }

    private void connect(DialSlot slot, UUID id, InetSocketAddress fresh) {
        SslHandler tls = setup.tls().handler(PooledByteBufAllocator.DEFAULT);
        LinkConnection connection =
                new LinkConnection(setup.settings(), setup.budget(), new Dialled(slot, id, tls), LinkRole.SERVER);
        setup.transport()
                .client()
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        setup.settings().connections().handshakeWithin().toMillis())
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(tls).addLast(connection);
                    }
                })
                .connect(fresh)
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        connection.notConnected(String.valueOf(done.cause().getMessage()));
                    }
                });
    }

    private synchronized void failed(DialSlot slot, String why) {
        slot.dialling = false;
        handshakes--;
        tries++;
        slot.waitForNext();
        slot.failures++;
        if (!why.equals(lastFailure)) {
            LOG.warn("A connection to the edge {} failed: {}; it is tried again", target.edge(), why);
        }
        lastFailure = why;
    }

    /** The edge broke the rules: it is left alone for a while, which doubles each time up to the longest wait between tries. */
    private synchronized void avoid() {
        long most = setup.settings().connections().redialMost().toNanos();
        long now = System.nanoTime();
        offences = now - offendedNanos > CALM * most ? 1 : offences + 1;
        offendedNanos = now;
        long wait = setup.settings().connections().redialFirst().toNanos() << Math.min(offences, 20);
        avoidedUntil = now + Math.min(wait < 0 ? most : wait, most);
    }

    private void renew(UUID former) {
        Link dead;
        synchronized (this) {
            if (!former.equals(linkId)) {
                return;
            }
            linkId = UUID.randomUUID();
            dead = link;
            link = null;
        }
        if (dead != null) {
            dead.close(ByeCode.LINK_GONE, "the edge does not know this link any more");
        }
    }

    /** One dialled connection. */
    private final class Dialled implements ConnectionOwner {
        private final DialSlot slot;
        private final UUID id;
        private final SslHandler tls;
        private boolean ready;
        private @Nullable Link mine;

        Dialled(DialSlot slot, UUID id, SslHandler tls) {
            this.slot = slot;
            this.id = id;
            this.tls = tls;
        }

        @Override
        public Optional<Hello> greeting() {
            return Optional.of(setup.hello(id, slot.connectionClass, slot.index));
        }

        @Override
        public Welcome greeted(LinkConnection connection, Hello hello) {
            Optional<Pin> pin = setup.tls().peer(tls);
            if (pin.isEmpty() || !hello.node().equals(target.edge())) {
                return new Welcome.Refused(new Bye(ByeCode.IDENTITY, "not the edge that was meant"));
            }
            Optional<Bye> refusal = setup.check().refusal(hello, pin.get());
            boolean echoed = hello.link().equals(id)
                    && hello.connectionClass() == slot.connectionClass
                    && hello.index() == slot.index;
            if (refusal.isEmpty() && !echoed) {
                refusal = Optional.of(new Bye(ByeCode.PROTOCOL, "another link than was asked for"));
            }
            if (refusal.isPresent()) {
                setup.listener().violation(target.edge(), refusal.get().text());
                return new Welcome.Refused(refusal.get());
            }
            synchronized (LinkDialer.this) {
                if (stopped) {
                    return new Welcome.Refused(new Bye(ByeCode.SHUTDOWN, "the server stops"));
                }
                if (!id.equals(linkId)) {
                    return new Welcome.Refused(new Bye(ByeCode.LINK_GONE, "the link was given up"));
                }
                if (link == null) {
                    LinkPeer peer = LinkPeer.of(
                            hello, setup.self(), pin.get(), connection.channel().remoteAddress());
                    link = new Link(peer, LinkRole.SERVER, setup.handler(), setup.listener(), setup.settings());
                }
                mine = link;
            }
            if (!mine.peer().boot().equals(hello.boot())) {
                renew(id);
                return new Welcome.Refused(new Bye(ByeCode.LINK_GONE, "the edge was started anew"));
            }
            return new Welcome.Accepted(hello);
        }

        @Override
        public void ready(LinkConnection connection) {
            ready = true;
            LinkConnection old;
            LinkStatus now;
            synchronized (LinkDialer.this) {
                handshakes--;
                old = slot.take(connection);
                now = status;
                lastFailure = "";
            }
            if (!link().add(connection)) {
                connection.bye(ByeCode.LINK_GONE, "this link has just been lost");
                renew(id);
                return;
            }
            if (now.draining()) {
                connection.send(now);
            }
            if (old != null) {
                old.onLoop(old::retire, () -> {});
            }
        }

        @Override
        public Link link() {
            if (mine == null) {
                throw new IllegalStateException("The connection belongs to no link");
            }
            return mine;
        }

        @Override
        public void closed(LinkConnection connection, Optional<Bye> bye, String why) {
            if (bye.filter(word -> word.code() == ByeCode.LINK_GONE).isPresent()) {
                renew(id);
            }
            if (!ready) {
                failed(slot, why);
                return;
            }
            synchronized (LinkDialer.this) {
                lastLoss = why;
                if (slot.connection == connection) {
                    slot.connection = null;
                    slot.waitForNext();
                }
            }
            link().remove(connection, why, bye.isPresent() ? Link.Sudden.NO : Link.Sudden.YES);
            if (link().isLost()) {
                renew(id);
            }
        }

        @Override
        public void violated(LinkConnection connection, ProtocolViolation violation) {
            setup.listener().violation(target.edge(), violation.text());
            avoid();
            if (mine != null) {
                mine.violated(violation);
                renew(id);
            }
        }
    }

    /** One of the connections that a dialer keeps up: what it has, and when it may be dialled again. Guarded by the dialer. */
    private static final class DialSlot {
        final ConnectionClass connectionClass;
        final int index;

        @Nullable
        LinkConnection connection;

        boolean dialling;
        int failures;

        private final LinkSettings.Connections settings;
        private long nextTryNanos = System.nanoTime();
        private Duration age = Duration.ZERO;

        DialSlot(ConnectionClass connectionClass, int index, LinkSettings.Connections settings) {
            this.connectionClass = connectionClass;
            this.index = index;
            this.settings = settings;
        }

        /** Whether it is to be dialled now: because it has nothing, or a connection that has had its time. */
        boolean isDue(long nowNanos) {
            boolean wanted = connection == null || connection.isWorn(age);
            return wanted && !dialling && nowNanos - nextTryNanos >= 0;
        }

        /** Takes the new connection; returns the one that it replaces. */
        @Nullable
        LinkConnection take(LinkConnection fresh) {
            LinkConnection old = connection;
            connection = fresh;
            dialling = false;
            failures = 0;
            age = Duration.ofMillis((long) (settings.maxAge().toMillis() * (0.9 + 0.2 * random())));
            return old;
        }

        /** Waits for a random time before the next try, of which the bound doubles with each failure. */
        void waitForNext() {
            long bound = settings.redialFirst().toNanos() << Math.min(failures, 20);
            bound = Math.min(
                    bound < 0 ? Long.MAX_VALUE : bound, settings.redialMost().toNanos());
            nextTryNanos = System.nanoTime() + (long) (bound * random());
        }

        private static double random() {
            return ThreadLocalRandom.current().nextDouble();
        }
    }
}
