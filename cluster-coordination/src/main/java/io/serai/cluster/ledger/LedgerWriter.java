package io.serai.cluster.ledger;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes rows that nobody waits for, many in one transaction: downloads, and uploads that did not become a file. While
 * the database is away they wait in memory, up to a limit; a crash of the node loses what waits.
 */
public final class LedgerWriter {
    private static final Logger LOG = LoggerFactory.getLogger(LedgerWriter.class);
    private static final int QUEUE = 20_000;
    private static final int BATCH = 256;
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(10);

    private final Database database;
    private final BlockingQueue<TransferTable.Entry> queue = new LinkedBlockingQueue<>(QUEUE);
    private final AtomicLong lost = new AtomicLong();
    private volatile boolean stopping;
    private @Nullable Thread thread;

    public LedgerWriter(Database database) {
        this.database = database;
    }

    /** Takes a row to be written soon; returns at once. */
    public void write(TransferTable.Entry entry) {
        if (!queue.offer(entry) && lost.getAndIncrement() % 1000 == 0) {
            LOG.warn("The ledger cannot be written; rows of ended transfers are being left out, {} so far", lost.get());
        }
    }

    public synchronized void start() {
        if (thread == null) {
            stopping = false;
            thread = new Thread(this::run, "ledger-writer");
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** Writes what waits, for a bounded time. Idempotent. */
    public synchronized void stop() {
        stopping = true;
        Thread running = thread;
        if (running == null) {
            return;
        }
        try {
            running.join(STOP_WITHIN.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        running.interrupt();
        thread = null;
    }

    private void run() {
        List<TransferTable.Entry> batch = new ArrayList<>();
        try {
            while (!stopping || !queue.isEmpty() || !batch.isEmpty()) {
                if (batch.isEmpty()) {
                    TransferTable.Entry first = queue.poll(100, TimeUnit.MILLISECONDS);
                    if (first == null) {
                        continue;
                    }
                    batch.add(first);
                    queue.drainTo(batch, BATCH - 1);
                }
                writeOrWait(batch);
            }
        } catch (InterruptedException e) {
            LOG.warn("{} rows of ended transfers were not written to the ledger", batch.size() + queue.size());
        }
    }

    private void writeOrWait(List<TransferTable.Entry> batch) throws InterruptedException {
        try {
            writeAll(batch);
            batch.clear();
        } catch (SeraiException e) {
            if (e.kind() == ErrorKind.DEFECT) {
                writeEach(batch);
                batch.clear();
            } else {
                LOG.debug("The ledger is written later: {}", e.text());
                TimeUnit.MILLISECONDS.sleep(RETRY.toMillis());
            }
        }
    }

    private void writeAll(List<TransferTable.Entry> batch) {
        database.execute(connection -> TransferTable.putAll(connection, batch));
    }

    /** One row that the database refuses must not keep the others out. */
    private void writeEach(List<TransferTable.Entry> batch) {
        for (TransferTable.Entry entry : batch) {
            try {
                writeAll(List.of(entry));
            } catch (SeraiException e) {
                LOG.error(
                        "The ledger row of transfer {} is lost: {}", entry.row().id(), e.text());
            }
        }
    }
}
