package io.serai.route.session;

import io.serai.cluster.ledger.Ledger;
import io.serai.cluster.storage.Receiving;
import io.serai.cluster.storage.Storage;
import io.serai.config.secret.PasswordHasher;

/** What partner operations end in: homes, uploads, the ledger, and the check of passwords. */
public record PartnerStores(Storage storage, Receiving receiving, Ledger ledger, PasswordHasher passwords) {}
