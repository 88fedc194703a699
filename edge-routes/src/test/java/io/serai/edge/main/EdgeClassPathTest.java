package io.serai.edge.main;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is not on this module's class path is not in the edge's distribution, which holds the libraries of this module. */
class EdgeClassPathTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "org.postgresql.Driver",
                "io.agroal.api.AgroalDataSource",
                "org.infinispan.Cache",
                "org.jgroups.JChannel",
                "org.quartz.Scheduler",
                "com.arjuna.ats.jta.TransactionManager",
                "io.serai.cluster.database.Database",
                "io.serai.cluster.storage.Storage",
                "io.serai.route.session.PartnerSessions"
            })
    void anEdgeHasNoDatabaseNoSharedStorageAndNoCache(String name) {
        assertThatThrownBy(() -> Class.forName(name)).isInstanceOf(ClassNotFoundException.class);
    }
}
