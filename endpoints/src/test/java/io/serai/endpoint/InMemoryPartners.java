package io.serai.endpoint;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Permission;
import io.serai.endpoint.sftp.SignatureProof;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * The answering side of partner operations for the tests of endpoints: accounts, sessions and file trees in memory, the
 * bytes of files in a temp folder. Put it behind a consumer as {@code from("sftp-server:test").process(partners)}.
 *
 * <p>The knobs are set before or while clients are connected; the observers ({@link #account}, {@link #sessions},
 * {@link #operations}) may be asked at any time. {@link #before} can hold or fail single operations.
 */
public final class InMemoryPartners implements Processor {
    private final Path folder;
    private final Map<String, InMemoryAccount> accounts;
    /** Which of several servers has a session that has logged in, and for whom. */
    private final Map<SessionId, Place> register;

    private final Map<SessionId, PartnerOperation.Origin> sessions = new ConcurrentHashMap<>();
    private final Map<SessionId, InMemoryAccount> logins = new ConcurrentHashMap<>();
    private final List<PartnerOperation<?>> operations = new CopyOnWriteArrayList<>();
    private volatile SessionGreeting greeting = new SessionGreeting(Optional.empty(), 3, Duration.ofSeconds(30));
    private volatile Duration idleTimeout = Duration.ofMinutes(5);
    private volatile Interceptor before = operation -> {};

    /** Called with every operation before it is answered; what it throws is the answer. */
    public interface Interceptor {
        void accept(PartnerOperation<?> operation);
    }

    /**
     * @param folder where the bytes of files are kept, such as a JUnit temp folder
     */
    public InMemoryPartners(Path folder) {
        this.folder = folder;
        this.accounts = new ConcurrentHashMap<>();
        this.register = new ConcurrentHashMap<>();
    }

    /** Another server with the same accounts, files and register of sessions. */
    public InMemoryPartners(InMemoryPartners sibling) {
        this.folder = sibling.folder;
        this.accounts = sibling.accounts;
        this.register = sibling.register;
    }

    private record Place(InMemoryPartners at, InMemoryAccount account) {}

    // ---- knobs ----

    /** Adds an account with all permissions that may log in with this password. */
    public InMemoryPartners addAccount(String name, String password, SshPublicKey... keys) {
        return addAccount(name, password, EnumSet.allOf(Permission.class), keys);
    }

    /**
     * Adds an account.
     *
     * @param keys public keys that may log in; their algorithm does not matter, only the blob does
     */
    public InMemoryPartners addAccount(
            String name, String password, Set<Permission> permissions, SshPublicKey... keys) {
        accounts.put(name, new InMemoryAccount(name, password, permissions, List.of(keys), folder));
        return this;
    }

    public void greetWith(SessionGreeting greeting) {
        this.greeting = greeting;
    }

    /** The idle timeout of logins from now on. */
    public void idleTimeout(Duration timeout) {
        this.idleTimeout = timeout;
    }

    /** Sets what happens before every operation, in place of what was set before. */
    public void before(Interceptor interceptor) {
        this.before = interceptor;
    }

    // ---- observers ----

    public InMemoryAccount account(String name) {
        InMemoryAccount account = accounts.get(name);
        if (account == null) {
            throw new IllegalArgumentException("No account " + name + "; add it first");
        }
        return account;
    }

    /** The open sessions, logged in or not. */
    public Set<SessionId> sessions() {
        return Set.copyOf(sessions.keySet());
    }

    public Optional<PartnerOperation.Origin> origin(SessionId session) {
        return Optional.ofNullable(sessions.get(session));
    }

    /** All operations so far, in the order of their arrival. */
    public List<PartnerOperation<?>> operations() {
        return List.copyOf(operations);
    }

    /** All operations of a type so far. */
    public <T extends PartnerOperation<?>> List<T> operations(Class<T> type) {
        return operations.stream().filter(type::isInstance).map(type::cast).toList();
    }

    // ---- answers ----

    @Override
    public void process(Exchange exchange) {
        PartnerOperation<?> operation = exchange.getIn().getBody(PartnerOperation.class);
        operations.add(operation);
        before.accept(operation);
        exchange.getMessage().setBody(answer(operation));
    }

    private Object answer(PartnerOperation<?> operation) {
        if (operation instanceof PartnerOperation.OpenSession open) {
            if (sessions.putIfAbsent(open.session(), open.origin()) != null) {
                throw new SeraiException(ErrorCode.CONFLICT, "The session was opened twice");
            }
            return greeting;
        }
        if (operation instanceof PartnerOperation.CloseSession close) {
            sessions.remove(close.session());
            InMemoryAccount account = logins.remove(close.session());
            register.computeIfPresent(close.session(), (id, place) -> place.at() == this ? null : place);
            if (account != null) {
                account.abortUploads(close.session(), close.reason());
            }
            return PartnerOperation.Done.DONE;
        }
        if (operation instanceof PartnerOperation.ResumeSession resume) {
            return resume(resume);
        }
        if (!sessions.containsKey(operation.session())) {
            throw new SeraiException(ErrorCode.NO_SESSION, "The session is not open");
        }
        if (operation instanceof PartnerOperation.LoginByPassword login) {
            return login(
                    login.session(),
                    login.user(),
                    account -> account.accepts(login.password().reveal()));
        }
        if (operation instanceof PartnerOperation.CheckPublicKey check) {
            InMemoryAccount account = accounts.get(check.user());
            return account != null && account.accepts(check.key())
                    ? PartnerOperation.KeyAnswer.ACCEPTABLE
                    : PartnerOperation.KeyAnswer.REFUSED;
        }
        if (operation instanceof PartnerOperation.LoginByPublicKey login) {
            return login(
                    login.session(),
                    login.user(),
                    account -> account.accepts(login.key())
                            && SignatureProof.verify(login.key(), login.signature(), login.user()));
        }
        InMemoryAccount account = logins.get(operation.session());
        if (account == null) {
            throw new SeraiException(ErrorCode.NO_SESSION, "Nobody has logged in");
        }
        return account.answer(operation);
    }

    private LoginResult login(
            SessionId session, String user, java.util.function.Predicate<InMemoryAccount> credentials) {
        InMemoryAccount account = accounts.get(user);
        if (account == null || !credentials.test(account)) {
            return new LoginResult.Refused();
        }
        logins.put(session, account);
        register.put(session, new Place(this, account));
        return new LoginResult.Accepted(new AccountName(user), account.permissions(), idleTimeout, "as at " + user);
    }

    private LoginResult resume(PartnerOperation.ResumeSession resume) {
        String name = resume.account().value();
        InMemoryAccount account = accounts.get(name);
        boolean there = register.computeIfPresent(resume.session(), (id, place) -> new Place(this, account)) != null;
        if (account == null || !there || !resume.credentials().equals("as at " + name)) {
            return new LoginResult.Refused();
        }
        sessions.put(resume.session(), resume.origin());
        logins.put(resume.session(), account);
        return new LoginResult.Accepted(resume.account(), account.permissions(), idleTimeout, resume.credentials());
    }

    /** Parses a path for the observers. */
    static VirtualPath path(String text) {
        return VirtualPath.parse(text);
    }
}
