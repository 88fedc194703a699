package io.serai.route.session;

import io.serai.cluster.ledger.Ledger;
import io.serai.cluster.limit.ClusterLimits;
import io.serai.cluster.storage.Receiving;
import io.serai.cluster.storage.Storage;
import io.serai.config.secret.PasswordHasher;

/** What partner operations end in: homes, uploads, the ledger, the limits of the cluster, and the check of passwords. */
public record PartnerStores(
        Storage storage, Receiving receiving, Ledger ledger, ClusterLimits limits, PasswordHasher passwords) {}
