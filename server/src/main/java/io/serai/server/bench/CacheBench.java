package io.serai.server.bench;

import io.serai.cluster.cache.CacheIdentity;
import io.serai.cluster.cache.CacheLayer;
import io.serai.cluster.cache.CacheSettings;
import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.database.DatabaseStatistics;
import io.serai.cluster.database.EmbeddedPostgres;
import io.serai.cluster.database.EmbeddedPostgresSettings;
import io.serai.cluster.database.Migrations;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.name.AccountName;
import io.serai.config.name.NodeName;
import io.serai.config.object.Account;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import io.serai.config.secret.PasswordHash;
import io.serai.config.secret.PasswordHasher;
import io.serai.config.secret.SecretBox;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/**
 * What it costs to decide whether a name and a password belong together: with the account read from the database each time,
 * from the node's copy of the configuration, and with the cache of verified passwords besides. Without sessions and
 * protocols, whose costs are the same in all three.
 */
final class CacheBench {
    private static final int ACCOUNTS = 200;
    private static final int THREADS = 4;
    private static final SecretText PASSWORD = new SecretText("correct horse battery staple");

    private final Path folder;
    private final int seconds;
    private final PrintWriter out;

    CacheBench(Path folder, int seconds, PrintWriter out) {
        this.folder = folder;
        this.seconds = Math.max(1, seconds / 4);
        this.out = out;
    }

    private record Result(double perSecond, double statementsEach) {}

    void run() throws IOException {
        try (EmbeddedPostgres postgres =
                new EmbeddedPostgres(EmbeddedPostgresSettings.in(folder.resolve("database")))) {
            postgres.start();
            DatabaseSettings settings = postgres.connection("bench");
            new Migrations(settings).apply();
            ObjectJson json = new ObjectJson(SecretBox.openOrCreate(folder.resolve("secrets.json")));
            try (Database database = new Database(settings);
                    JdbcObjectStore store = new JdbcObjectStore(database, json, object -> Set.of());
                    CacheLayer cache = cache(database)) {
                store.start();
                measure(database, json, store, cache);
            }
        }
    }

    private void measure(Database database, ObjectJson json, JdbcObjectStore store, CacheLayer cache)
            throws IOException {
        PasswordHasher hasher = new PasswordHasher();
        List<ConfigObject> accounts = new ArrayList<>();
        PasswordHash hash = hasher.hash(PASSWORD);
        for (int i = 0; i < ACCOUNTS; i++) {
            accounts.add(account("account" + i, hash));
        }
        var unused = store.change(accounts, List.of(), "bench");
        Function<String, Optional<Account>> fromDatabase =
                name -> JdbcObjectStore.readOnce(database, json, Account.class, new Key(ObjectKind.ACCOUNT, name));
        Function<String, Optional<Account>> fromCopy = name -> store.find(Account.class, name);
        run(database, hasher, fromDatabase, 1); // warms up
        Result none = run(database, hasher, fromDatabase, seconds);
        Result copy = run(database, hasher, fromCopy, seconds);
        hasher.remembering(cache.verifiedPasswords().orElseThrow());
        Result all = run(database, hasher, fromCopy, seconds);
        print("account from the database, password computed", none, none);
        print("account from the node's copy, password computed", copy, none);
        print("account from the node's copy, password remembered", all, none);
    }

    private static CacheLayer cache(Database database) {
        return CacheLayer.start(
                new CacheSettings(Optional.empty(), Duration.ofMinutes(10), 1000, Duration.ofMinutes(10)),
                new NodeName("bench"),
                CacheIdentity.of(CacheIdentity.make()),
                database);
    }

    private static Account account(String name, PasswordHash hash) {
        return new Account(
                new AccountName(name),
                "",
                true,
                Optional.of(hash),
                List.of(),
                ObjectDefaults.PERMISSIONS,
                ObjectDefaults.PROTOCOLS,
                List.of(),
                List.of(),
                ObjectDefaults.LIMITS);
    }

    private static Result run(
            Database database, PasswordHasher hasher, Function<String, Optional<Account>> find, int forSeconds)
            throws IOException {
        LongAdder logins = new LongAdder();
        AtomicInteger next = new AtomicInteger();
        long statementsBefore = transactions(database);
        long began = System.nanoTime();
        long end = began + TimeUnit.SECONDS.toNanos(forSeconds);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            Thread thread = new Thread(() -> {
                while (System.nanoTime() < end) {
                    String name = "account" + Math.floorMod(next.getAndIncrement(), ACCOUNTS);
                    Account account = find.apply(name).orElseThrow();
                    if (hasher.verify(PASSWORD, account.password().orElseThrow())) {
                        logins.increment();
                    }
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        double elapsed = (System.nanoTime() - began) / 1e9;
        // The look for changes, three times a second, is not a login's.
        double statements = Math.max(0, transactions(database) - statementsBefore - 2 - 10 * elapsed / 3);
        return new Result(logins.sum() / elapsed, statements / Math.max(1, logins.sum()));
    }

    /** Every statement of this bench is a transaction of its own. */
    private static long transactions(Database database) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(1200); // the statistics are up to a second behind
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return DatabaseStatistics.commits(database);
    }

    private void print(String what, Result result, Result against) {
        out.printf(
                Locale.ROOT,
                "%s: %.0f logins/s (%.2f x), %.1f database statements each%n",
                what,
                result.perSecond(),
                result.perSecond() / against.perSecond(),
                result.statementsEach());
        out.flush();
    }
}
