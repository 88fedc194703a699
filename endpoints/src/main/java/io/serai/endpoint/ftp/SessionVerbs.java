package io.serai.endpoint.ftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import java.util.List;
import java.util.Locale;
import org.apache.ftpserver.usermanager.impl.BaseUser;
import org.apache.mina.filter.ssl.SslFilter;

/** The commands about the connection itself: login, protection, modes. */
final class SessionVerbs {
    private SessionVerbs() {}

    static void user(Conversation conversation, String argument) {
        requireProtection(conversation);
        if (conversation.isLoggedIn()) {
            conversation.reply(530, "Somebody has logged in already; connect again");
            return;
        }
        if (argument.isEmpty() || argument.chars().anyMatch(Character::isISOControl)) {
            throw new SeraiException(ErrorCode.LOGIN_REFUSED, "That is no user name");
        }
        conversation.user(argument);
        conversation.reply(331, "Send the password");
    }

    static void password(Conversation conversation, String argument) {
        requireProtection(conversation);
        if (conversation.user().isEmpty() || conversation.isLoggedIn()) {
            conversation.reply(503, "Send USER first");
            return;
        }
        String user = conversation.user();
        conversation.user("");
        LoginResult result = conversation.call(new LoginByPassword(conversation.id(), user, new SecretText(argument)));
        if (result instanceof LoginResult.Accepted accepted) {
            BaseUser known = new BaseUser();
            known.setName(accepted.account().value());
            conversation.control().setUser(known);
            conversation.loggedIn(accepted);
            conversation.reply(
                    230, conversation.greeting().banner().orElse("Logged in").replaceAll("\\R", " "));
        } else if (conversation.mayTryAgain()) {
            conversation.reply(530, "The login was refused");
        } else {
            conversation.reply(530, "The login was refused");
            conversation.control().close(false);
        }
    }

    /** Nobody says a name or a password in clear. */
    private static void requireProtection(Conversation conversation) {
        boolean isOptional = conversation.services().settings().getTls() == FtpTls.OPTIONAL;
        if (!isOptional && !isSecured(conversation)) {
            throw new Refusal(Answer.of(530, "TLS is required; send AUTH TLS first"));
        }
    }

    static boolean isSecured(Conversation conversation) {
        return conversation.control().containsAttribute(SslFilter.SSL_SECURED);
    }

    static void bufferSize(Conversation conversation, String argument) {
        conversation.reply(200, "PBSZ=0");
    }

    static void protection(Conversation conversation, String argument) {
        switch (argument.toUpperCase(Locale.ROOT)) {
            case "P" -> {
                if (isSecured(conversation)) {
                    conversation.protectData(true);
                    conversation.reply(200, "Data connections are protected");
                } else {
                    conversation.reply(503, "Send AUTH TLS first");
                }
            }
            case "C" -> {
                if (conversation.services().settings().getTls() == FtpTls.OPTIONAL) {
                    conversation.protectData(false);
                    conversation.reply(200, "Data connections are in clear");
                } else {
                    conversation.reply(534, "Data connections must be protected");
                }
            }
            default -> conversation.reply(536, "Only PROT P is spoken here");
        }
    }

    static void quit(Conversation conversation, String argument) {
        conversation.reply(221, "Goodbye");
        conversation.control().close(false);
    }

    static void features(Conversation conversation, String argument) {
        conversation.reply(Answer.of(
                211,
                "Features",
                List.of(
                        "AUTH TLS",
                        "EPSV",
                        "MDTM",
                        "MFMT",
                        "MLST type*;size*;modify*;",
                        "PBSZ",
                        "PROT",
                        "REST STREAM",
                        "SIZE",
                        "TVFS",
                        "UTF8"),
                "End"));
    }

    static void options(Conversation conversation, String argument) {
        String option = argument.toUpperCase(Locale.ROOT);
        if (option.equals("UTF8 ON") || option.equals("UTF8") || option.startsWith("MLST")) {
            conversation.reply(200, option.startsWith("MLST") ? "MLST OPTS type;size;modify;" : "UTF-8 is spoken here");
        } else {
            conversation.reply(501, "There is no such option");
        }
    }

    static void type(Conversation conversation, String argument) {
        if (argument.toUpperCase(Locale.ROOT).matches("I|L 8|A( N)?")) {
            conversation.reply(200, "Bytes are moved as they are");
        } else {
            conversation.reply(504, "Only TYPE I and TYPE A are spoken here");
        }
    }

    static void mode(Conversation conversation, String argument) {
        only(conversation, argument, "S");
    }

    static void structure(Conversation conversation, String argument) {
        only(conversation, argument, "F");
    }

    private static void only(Conversation conversation, String argument, String allowed) {
        if (argument.equalsIgnoreCase(allowed)) {
            conversation.reply(200, "As you like it");
        } else {
            conversation.reply(504, "Only " + allowed + " is spoken here");
        }
    }
}
