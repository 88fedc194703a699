package io.serai.cluster.schedule;

import org.quartz.impl.jdbcjobstore.JobStoreTX;

/**
 * Quartz' clustered store in the shared database. Its tables know the schedulers of all nodes under one name, whatever a
 * node calls its own; made by Quartz, from {@link QuartzSettings}.
 */
public final class SharedJobStore extends JobStoreTX {
    private static final String CLUSTER = "serai";

    @Override
    public void setInstanceName(String instanceName) {
        super.setInstanceName(CLUSTER);
    }
}
