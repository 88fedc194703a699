package io.serai.server.demo;

import java.util.Set;

/**
 * How a partner logs in.
 *
 * @param fingerprints what the host may present: {@code SHA256:…} of SSH host keys, {@code sha256/…} of certificates
 */
record Login(String host, int port, String user, String password, Set<String> fingerprints) {
    Login {
        fingerprints = Set.copyOf(fingerprints);
    }

    @Override
    public String toString() {
        return user + "@" + host + ":" + port;
    }
}
