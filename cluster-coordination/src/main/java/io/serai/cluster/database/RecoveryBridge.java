package io.serai.cluster.database;

import com.arjuna.ats.jta.recovery.XAResourceRecoveryHelper;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.transaction.xa.XAResource;
import org.jboss.tm.XAResourceRecovery;
import org.jboss.tm.XAResourceRecoveryRegistry;

/** Hands the pools' resources to the transaction manager's recovery. */
final class RecoveryBridge implements XAResourceRecoveryRegistry, XAResourceRecoveryHelper {
    private final List<XAResourceRecovery> pools = new CopyOnWriteArrayList<>();

    @Override
    public void addXAResourceRecovery(XAResourceRecovery recovery) {
        pools.add(recovery);
    }

    @Override
    public void removeXAResourceRecovery(XAResourceRecovery recovery) {
        pools.remove(recovery);
    }

    @Override
    public boolean initialise(String parameter) {
        return true;
    }

    @Override
    public XAResource[] getXAResources() {
        return pools.stream()
                .flatMap(pool -> List.of(pool.getXAResources()).stream())
                .toArray(XAResource[]::new);
    }
}
