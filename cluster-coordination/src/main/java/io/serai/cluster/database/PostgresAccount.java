package io.serai.cluster.database;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The user of the operating system under which the embedded PostgreSQL runs. PostgreSQL refuses to run as root, so
 * root steps down to a dedicated system user; anyone else runs it plainly.
 */
sealed interface PostgresAccount {
    /** Puts what it takes to become this user in front of a command. */
    List<String> asUser(List<String> command);

    /** Gives a file or folder to this user. */
    void own(Path path) throws IOException;

    /** Fails with the mend if the user cannot get to the folder. */
    void checkReaches(Path folder);

    /** The account for this process; makes the dedicated user if this is root and the user is missing. */
    static PostgresAccount of(String dedicatedUser) {
        for (String tool : List.of("setpriv", "flock")) {
            if (!Commands.exists(tool)) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "the embedded PostgreSQL needs the program \"" + tool + "\": install it (Debian: apt-get"
                                + " install util-linux), or set database.url to an external PostgreSQL");
            }
        }
        String uid = Commands.run(List.of("id", "-u")).output();
        return uid.equals("0") ? Dedicated.of(dedicatedUser) : new Same();
    }

    /** The user of this process. */
    record Same() implements PostgresAccount {
        @Override
        public List<String> asUser(List<String> command) {
            return command;
        }

        @Override
        public void own(Path path) {
            // What this process makes is its own already.
        }

        @Override
        public void checkReaches(Path folder) {
            // This process made the folder.
        }
    }

    /** A system user to whom root steps down. */
    record Dedicated(String name, int uid, int gid) implements PostgresAccount {
        static Dedicated of(String name) {
            if (name.equals("nobody") || name.equals("root")) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "the user of the embedded PostgreSQL must be one of its own, not \"" + name + "\"");
            }
            if (!Commands.run(List.of("id", "-u", name)).succeeded()) {
                create(name);
            }
            Dedicated account = new Dedicated(name, number("-u", name), number("-g", name));
            account.checkSteppingDown();
            return account;
        }

        private static void create(String name) {
            Commands.Outcome made = Commands.run(List.of(
                    "useradd",
                    "--system",
                    "--user-group",
                    "--no-create-home",
                    "--home-dir",
                    "/nonexistent",
                    "--shell",
                    "/usr/sbin/nologin",
                    name));
            // Another server of this machine may have made it in the meantime.
            if (!made.succeeded() && !Commands.run(List.of("id", "-u", name)).succeeded()) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "PostgreSQL does not run as root, and the user \"" + name + "\" for it could not be made ("
                                + made.output() + "): run \"useradd --system --user-group " + name
                                + "\", or start Serai as an ordinary user, or set database.url to an external PostgreSQL");
            }
        }

        private static int number(String which, String name) {
            Commands.Outcome found = Commands.run(List.of("id", which, name));
            if (!found.succeeded()
                    || !found.output().matches("[0-9]+")
                    || found.output().equals("0")) {
                throw new SeraiException(
                        ErrorCode.INVALID, "\"" + name + "\" cannot be the user of PostgreSQL: " + found.output());
            }
            return Integer.parseInt(found.output());
        }

        private void checkSteppingDown() {
            Commands.Outcome tried = Commands.run(asUser(List.of("true")));
            if (!tried.succeeded()) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "PostgreSQL does not run as root, and this process may not become \"" + name + "\" ("
                                + tried.output() + "): give it the capabilities SETUID, SETGID and KILL, or start"
                                + " Serai as an ordinary user, or set database.url to an external PostgreSQL");
            }
        }

        @Override
        public List<String> asUser(List<String> command) {
            List<String> whole = new ArrayList<>(List.of(
                    "setpriv",
                    "--reuid",
                    Integer.toString(uid),
                    "--regid",
                    Integer.toString(gid),
                    "--clear-groups",
                    "--no-new-privs",
                    "--"));
            whole.addAll(command);
            return whole;
        }

        @Override
        public void own(Path path) throws IOException {
            for (Map.Entry<String, Integer> owner :
                    Map.of("unix:uid", uid, "unix:gid", gid).entrySet()) {
                Files.setAttribute(path, owner.getKey(), owner.getValue(), java.nio.file.LinkOption.NOFOLLOW_LINKS);
            }
        }

        @Override
        public void checkReaches(Path folder) {
            if (reaches(folder)) {
                return;
            }
            Path barrier = folder;
            for (Path parent = folder; parent != null; parent = parent.getParent()) {
                if (!reaches(parent)) {
                    barrier = parent;
                }
            }
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "the embedded PostgreSQL runs as \"" + name + "\", who cannot get to " + folder + " because of the"
                            + " rights of " + barrier
                            + ": choose a home elsewhere (/var/lib/serai, say), or run \"chmod"
                            + " o+x " + barrier + "\"");
        }

        private boolean reaches(Path folder) {
            return Commands.run(asUser(List.of("test", "-x", folder.toString())))
                    .succeeded();
        }
    }
}
