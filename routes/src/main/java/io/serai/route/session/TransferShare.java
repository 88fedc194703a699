package io.serai.route.session;

import io.serai.cluster.limit.BandwidthShares.Flow;
import io.serai.cluster.limit.ClusterLimits;
import io.serai.cluster.limit.LimitOwner;
import io.serai.cluster.limit.LimitSlots.Slot;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Account;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** One transfer's part of what its account may do in the whole cluster; costs nothing for accounts without limits. */
final class TransferShare implements AutoCloseable {
    private final Slot slot;
    private final Flow flow;

    private TransferShare(Slot slot, Flow flow) {
        this.slot = slot;
        this.flow = flow;
    }

    /** @throws SeraiException {@code BUSY} when the account has its most transfers already */
    static TransferShare take(ClusterLimits limits, Account account) {
        LimitOwner owner = LimitOwner.of(account.name());
        OptionalInt most = account.limits().maxTransfers();
        OptionalLong bandwidth = account.limits().bandwidthBytes();
        Slot slot = most.isEmpty()
                ? () -> {}
                : limits.slots()
                        .take(owner, most.getAsInt())
                        .orElseThrow(() -> new SeraiException(
                                ErrorCode.BUSY,
                                "Account " + account.name() + " has its " + most.getAsInt()
                                        + " transfers at the same time already; try again later"));
        Flow flow = bandwidth.isEmpty() ? Flow.UNLIMITED : limits.bandwidth().open(owner, bandwidth.getAsLong());
        return new TransferShare(slot, flow);
    }

    void moved(long bytes) {
        flow.moved(bytes);
    }

    Duration pause() {
        return flow.pause();
    }

    /** Idempotent. */
    @Override
    public void close() {
        flow.close();
        slot.close();
    }
}
