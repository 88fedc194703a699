package io.serai.route.site;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.ledger.Deliveries;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.HostPort;
import io.serai.config.name.TransferId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/** Deliveries as their contract has it, without a database; can be told to die after a step. Its monitor guards it. */
final class InMemoryDeliveries implements Deliveries {
    /** The steps after or before which a node may die. */
    enum Death {
        NEVER,
        BEFORE_RENAMING,
        AFTER_RENAMING,
        BEFORE_DELIVERED,
        AFTER_DELIVERED
    }

    /** What a killed node throws in place of going on; no code of ours catches it. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1L;
    }

    private static final class Row {
        TransferId transfer = TransferId.random();
        Stage stage = Stage.SENDING;
        String tempName = "";
        String finalName = "";
        long sizeBytes;
        Optional<String> sha256 = Optional.empty();
        Optional<String> source = Optional.empty();
        List<Part> parts = List.of();
        Optional<HostPort> address = Optional.empty();
        long epoch;
    }

    private final Map<String, Row> rows = new HashMap<>();
    private final Map<TransferId, Runnable> cancels = new ConcurrentHashMap<>();
    final List<String> failures = new ArrayList<>();
    Death death = Death.NEVER;
    /** What a holder does between the record of the rename and the rename, once. */
    final AtomicReference<Runnable> afterRenaming = new AtomicReference<>(() -> {});
    /** What a holder does before it asks whether the event is still its own, once. */
    final AtomicReference<Runnable> beforeOwned = new AtomicReference<>(() -> {});

    @Override
    public synchronized Delivery begin(ClaimedEvent event, String stepKey, Target target) {
        Row row = rows.computeIfAbsent(key(event, stepKey), k -> new Row());
        row.epoch = event.token().epoch();
        if (row.stage == Stage.SENDING) {
            if (!row.tempName.isEmpty()) {
                row.parts = Stream.concat(
                                Stream.of(new Part(row.tempName, row.source, row.address)), row.parts.stream())
                        .toList();
            }
            row.source = target.sourceSha256();
            row.tempName = target.tempName();
            row.finalName = target.finalName();
            row.address = target.address();
        }
        return new Delivery(
                event,
                stepKey,
                row.transfer,
                row.stage,
                row.tempName,
                row.finalName,
                row.source,
                row.parts,
                row.sizeBytes,
                row.sha256,
                row.address);
    }

    @Override
    public synchronized Delivery at(Delivery delivery, HostPort address) {
        owned(delivery).address = Optional.of(address);
        return delivery.at(address);
    }

    @Override
    public void renaming(Delivery delivery, long sizeBytes, String sha256) {
        recordRenaming(delivery, sizeBytes, sha256);
        afterRenaming.getAndSet(() -> {}).run();
    }

    private synchronized void recordRenaming(Delivery delivery, long sizeBytes, String sha256) {
        die(Death.BEFORE_RENAMING);
        Row row = owned(delivery);
        row.stage = Stage.RENAMING;
        row.sizeBytes = sizeBytes;
        row.sha256 = Optional.of(sha256);
        die(Death.AFTER_RENAMING);
    }

    @Override
    public synchronized void delivered(Delivery delivery, long sizeBytes, String sha256) {
        die(Death.BEFORE_DELIVERED);
        Row row = owned(delivery);
        row.stage = Stage.DELIVERED;
        row.sizeBytes = sizeBytes;
        row.sha256 = Optional.of(sha256);
        die(Death.AFTER_DELIVERED);
    }

    @Override
    public void requireOwned(Delivery delivery) {
        beforeOwned.getAndSet(() -> {}).run();
        synchronized (this) {
            owned(delivery);
        }
    }

    private Row owned(Delivery delivery) {
        Row row = rows.get(key(delivery.event(), delivery.stepKey()));
        if (row == null || row.epoch != delivery.event().token().epoch()) {
            throw new SeraiException(ErrorCode.FENCED, "another node owns the event");
        }
        return row;
    }

    private void die(Death here) {
        if (death == here) {
            throw new Killed();
        }
    }

    @Override
    public synchronized void failed(Delivery delivery, ErrorCode code, String text, long bytesSent, List<Part> left) {
        Row row = rows.get(key(delivery.event(), delivery.stepKey()));
        if (row.stage == Stage.SENDING && row.tempName.equals(delivery.tempName())) {
            row.tempName = left.isEmpty() ? "" : left.get(0).tempName();
            row.source = left.isEmpty() ? Optional.empty() : left.get(0).sourceSha256();
            row.address = left.isEmpty() ? Optional.empty() : left.get(0).address();
            row.parts = left.stream().skip(1).toList();
        }
        failures.add(code + ": " + text);
    }

    @Override
    public AutoCloseable onCancel(TransferId transfer, Runnable cancel) {
        cancels.put(transfer, cancel);
        return () -> cancels.remove(transfer);
    }

    void cancelAll() {
        cancels.values().forEach(Runnable::run);
    }

    synchronized Stage stage(ClaimedEvent event, String stepKey) {
        return rows.get(key(event, stepKey)).stage;
    }

    synchronized String sha256(ClaimedEvent event, String stepKey) {
        return rows.get(key(event, stepKey)).sha256.orElseThrow();
    }

    private static String key(ClaimedEvent event, String stepKey) {
        return event.id() + " " + stepKey;
    }
}
