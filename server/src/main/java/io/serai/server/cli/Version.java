package io.serai.server.cli;

import picocli.CommandLine.IVersionProvider;

/** The version of this build, as the build wrote it into the jar. */
public final class Version implements IVersionProvider {
    public static String text() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    @Override
    public String[] getVersion() {
        return new String[] {"serai " + text()};
    }
}
