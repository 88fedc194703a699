package io.serai.server.edge;

import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkListener;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Status;

/** Serves no partners, and hears of nothing. */
final class Nobody implements LinkHandler, LinkListener {
    static final Nobody NOBODY = new Nobody();
    static final ZoneDesk DESK = new ZoneDesk(NOBODY, NOBODY);

    private Nobody() {}

    private static byte[] refusal() {
        return new Failure("nobody serves here", 0).encode();
    }

    @Override
    public void request(Link from, IncomingRequest request) {
        request.reply(Status.UNAVAILABLE, refusal());
    }

    @Override
    public void stream(Link from, LinkStream stream, int method, byte[] payload) {
        stream.result(Status.UNAVAILABLE, refusal());
    }

    @Override
    public void event(Link from, int kind, byte[] payload) {}

    @Override
    public void up(Link now) {}

    @Override
    public void changed(Link now) {}

    @Override
    public void lost(Link now, String why) {}

    @Override
    public void violation(String peer, String what) {}
}
