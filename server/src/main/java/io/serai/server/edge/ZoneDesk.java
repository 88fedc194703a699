package io.serai.server.edge;

import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkListener;

/** What serves the edges of a zone: their partners' requests and streams, and the news of their links. */
public record ZoneDesk(LinkHandler handler, LinkListener listener) {}
