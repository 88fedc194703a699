package io.serai.edge.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.edge.ProtocolViolation;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** A sender that keeps to its window and a receiver that keeps to its own, in any order of steps. */
class WindowProperties {
    private static final int EARLY = 1_000;
    private static final int MOST = 16_000;

    @Property(tries = 1_000)
    void anHonestSenderIsNeverRefusedAndNeverStarves(
            @ForAll @Size(min = 1, max = 200) List<@IntRange(min = -3_000, max = 3_000) Integer> steps,
            @ForAll @IntRange(max = 40_000) int budgetBytes)
            throws ProtocolViolation {
        CreditBudget budget = new CreditBudget(budgetBytes);
        ReceiveWindow receiver = new ReceiveWindow(budget, EARLY, MOST);
        SendWindow sender = new SendWindow(EARLY);
        sender.grant(receiver.widen(4_000));
        long waiting = 0;
        for (int step : steps) {
            if (step > 0) {
                int sent = sender.take(step);
                assertThat(receiver.receive(sent)).isTrue();
                waiting += sent;
            } else {
                int consumed = (int) Math.min(-step, waiting);
                waiting -= consumed;
                sender.grant(receiver.consume(consumed));
            }
            // What lies at the receiver and what may still come are bounded by the window, and that by the budget.
            assertThat(receiver.backlog() + sender.left()).isLessThanOrEqualTo(receiver.window());
            assertThat(receiver.window()).isLessThanOrEqualTo(MOST);
            assertThat(budget.takenBytes()).isEqualTo(receiver.window() - EARLY).isLessThanOrEqualTo(budgetBytes);
        }
        sender.grant(receiver.consume((int) waiting));
        assertThat(sender.left()).isGreaterThan(receiver.window() / 2);
        receiver.close();
        assertThat(budget.takenBytes()).isZero();
    }

    @Example
    void oneByteTooManyIsNoticed() {
        ReceiveWindow receiver = new ReceiveWindow(new CreditBudget(0), EARLY, MOST);
        assertThat(receiver.widen(4_000)).isZero();
        assertThat(receiver.receive(EARLY)).isTrue();
        assertThat(receiver.receive(1)).isFalse();
    }

    @Example
    void aWindowGrowsForThoseWhoUseItAndNotForOthers() throws ProtocolViolation {
        ReceiveWindow quick = new ReceiveWindow(new CreditBudget(1 << 20), EARLY, MOST);
        SendWindow sender = new SendWindow(EARLY);
        for (int i = 0; i < 100; i++) {
            int sent = sender.take(Integer.MAX_VALUE);
            assertThat(quick.receive(sent)).isTrue();
            sender.grant(quick.consume(sent));
        }
        assertThat(quick.window()).isEqualTo(MOST);
        ReceiveWindow slow = new ReceiveWindow(new CreditBudget(1 << 20), EARLY, MOST);
        slow.receive(EARLY);
        for (int i = 0; i < 100; i++) {
            int more = slow.consume(EARLY / 4);
            assertThat(slow.receive(more)).isTrue();
        }
        assertThat(slow.window()).isEqualTo(EARLY);
    }

    @Example
    void absurdCreditIsAViolation() {
        SendWindow sender = new SendWindow(EARLY);
        assertThatThrownBy(() -> sender.grant(-1)).isInstanceOf(ProtocolViolation.class);
        assertThatThrownBy(() -> sender.grant(Integer.MAX_VALUE)).isInstanceOf(ProtocolViolation.class);
    }
}
