package io.serai.edge.tcp;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Finds the addresses of a name; may block. */
@FunctionalInterface
public interface NameResolver {
    InetAddress[] resolve(String name) throws UnknownHostException;
}
