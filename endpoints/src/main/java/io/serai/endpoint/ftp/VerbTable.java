package io.serai.endpoint.ftp;

import static java.util.Map.entry;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.ftpserver.command.Command;
import org.apache.ftpserver.command.CommandFactory;
import org.apache.ftpserver.command.impl.AUTH;
import org.apache.mina.filter.ssl.SslFilter;
import org.jspecify.annotations.Nullable;

/** Which commands there are. What is not here is answered 502; what needs a login is refused without one. */
final class VerbTable implements CommandFactory {
    private static final Set<String> WITHOUT_LOGIN =
            Set.of("USER", "PASS", "PBSZ", "PROT", "QUIT", "FEAT", "OPTS", "SYST", "NOOP", "CLNT");
    private static final Set<String> WITH_ARGUMENT =
            Set.of("STOR", "APPE", "RETR", "SIZE", "MDTM", "DELE", "MKD", "RMD", "RNFR", "RNTO", "CWD");

    private static final Map<String, Verb> VERBS = Map.ofEntries(
            entry("USER", SessionVerbs::user),
            entry("PASS", SessionVerbs::password),
            entry("PBSZ", SessionVerbs::bufferSize),
            entry("PROT", SessionVerbs::protection),
            entry("QUIT", SessionVerbs::quit),
            entry("FEAT", SessionVerbs::features),
            entry("OPTS", SessionVerbs::options),
            entry("TYPE", SessionVerbs::type),
            entry("MODE", SessionVerbs::mode),
            entry("STRU", SessionVerbs::structure),
            entry("SYST", (conversation, argument) -> conversation.reply(215, "UNIX Type: L8")),
            entry("NOOP", (conversation, argument) -> conversation.reply(200, "Here")),
            entry("CLNT", (conversation, argument) -> conversation.reply(200, "Welcome")),
            entry("STAT", (conversation, argument) -> conversation.reply(211, "Use LIST or MLST")),
            entry("PWD", FolderVerbs::printFolder),
            entry("CWD", FolderVerbs::changeFolder),
            entry("CDUP", FolderVerbs::changeToParent),
            // XCUP, after FtpServer took the X away.
            entry("CUP", FolderVerbs::changeToParent),
            entry("SIZE", FolderVerbs::size),
            entry("MDTM", FolderVerbs::modified),
            entry("MFMT", FolderVerbs::setModified),
            entry("MLST", FolderVerbs::facts),
            entry("MLSD", FolderVerbs::factsOfAll),
            entry("LIST", FolderVerbs::list),
            entry("NLST", FolderVerbs::names),
            entry("MKD", FolderVerbs::makeFolder),
            entry("RMD", FolderVerbs::removeFolder),
            entry("DELE", FolderVerbs::removeFile),
            entry("RNFR", FolderVerbs::renameFrom),
            entry("RNTO", FolderVerbs::renameTo),
            entry("PASV", TransferVerbs::passive),
            entry("EPSV", TransferVerbs::extendedPassive),
            entry("REST", TransferVerbs::restart),
            entry("ALLO", TransferVerbs::allocate),
            entry("STOR", TransferVerbs::store),
            entry("APPE", TransferVerbs::append),
            entry("RETR", TransferVerbs::retrieve));

    private final Command auth = new AUTH();

    @Override
    public @Nullable Command getCommand(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        if (upper.equals("AUTH")) {
            return auth;
        }
        if (upper.equals("ABOR")) {
            return (session, context, request) -> TransferVerbs.abort(of(session));
        }
        Verb verb = VERBS.get(upper);
        if (verb == null) {
            return null;
        }
        return (session, context, request) -> {
            Conversation conversation = of(session);
            if (session.getFilterChain().contains(SslFilter.class)
                    && !session.containsAttribute(SslFilter.SSL_SECURED)) {
                // Sent in clear behind AUTH, so that it would be taken for a part of the protected conversation.
                session.closeNow();
                return;
            }
            String argument = request.hasArgument() ? request.getArgument() : "";
            conversation.take(session, guarded(upper, verb), argument);
        };
    }

    private static Verb guarded(String name, Verb verb) {
        return (conversation, argument) -> {
            if (!conversation.isLoggedIn() && !WITHOUT_LOGIN.contains(name)) {
                conversation.reply(530, "Log in first");
            } else if (argument.isEmpty() && WITH_ARGUMENT.contains(name)) {
                conversation.reply(501, name + " needs a name");
            } else {
                verb.run(conversation, argument);
            }
        };
    }

    private static Conversation of(org.apache.ftpserver.impl.FtpIoSession session) {
        return (Conversation) session.getAttribute(Conversation.ATTRIBUTE);
    }
}
