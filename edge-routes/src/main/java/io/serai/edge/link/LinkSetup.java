package io.serai.edge.link;

import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.tls.LinkTls;
import java.time.InstantSource;
import java.util.UUID;

/**
 * What every link of this process is made with.
 *
 * @param budget shared by all links of the process
 */
public record LinkSetup(
        LinkTransport transport,
        LinkTls tls,
        LinkSettings settings,
        CreditBudget budget,
        LinkNode self,
        LinkHandler handler,
        LinkListener listener,
        InstantSource clock) {
    Hello hello(UUID link, ConnectionClass connectionClass, int index) {
        LinkSettings.Flow flow = settings.flow();
        return new Hello(
                self.minorMin(),
                self.minorMax(),
                self.name(),
                self.cluster(),
                self.boot(),
                link,
                connectionClass,
                index,
                self.software(),
                self.capabilities(),
                flow.earlyWindow(),
                flow.maxStreams(),
                flow.maxInFlight(),
                clock.millis(),
                self.zone());
    }

    HelloCheck check() {
        return new HelloCheck(self, tls.trust(), clock);
    }
}
