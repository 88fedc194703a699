package io.serai.edge.main;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AddressLiteral;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.yaml.Problems;
import io.serai.config.yaml.YamlFields;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The file of an edge's settings, {@code edge.yaml}: where its home is and where its link listens. Everything else comes from
 * the servers.
 *
 * @param home holds the link's key and the servers' pins
 * @param link an address of the interface that servers reach, and no other
 */
public record EdgeSettings(Path home, InetSocketAddress link) {
    private static final Map<String, String> OTHER_NAMES = Map.of("bind", "address", "bindAddress", "address");

    /** @throws SeraiException {@code INVALID} with all problems */
    public static EdgeSettings read(Path file) {
        try {
            return parse(file, Files.readString(file, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The settings file " + file + " cannot be read: " + e, e);
        }
    }

    static EdgeSettings parse(Path file, String text) {
        Problems problems = new Problems();
        Optional<YamlFields> fields = YamlFields.ofText(file.toString(), text, problems);
        Optional<EdgeSettings> settings = fields.flatMap(found -> read(file, found));
        problems.throwIfAny("The edge does not start");
        return settings.orElseThrow(() -> new IllegalStateException("neither settings nor problems"));
    }

    private static Optional<EdgeSettings> read(Path file, YamlFields fields) {
        Path folder = file.toAbsolutePath().resolveSibling("");
        Path home = fields.read("home", Path::of).map(folder::resolve).orElse(folder);
        Optional<YamlFields> link = fields.mapping("link");
        if (!fields.has("link")) {
            fields.missing("link", "say where servers reach this edge: link: with address: below it");
        }
        Optional<InetAddress> address = link.flatMap(at -> at.read("address", EdgeSettings::address));
        int port = link.flatMap(at -> at.read("port", EdgeSettings::port)).orElse(ObjectDefaults.LINK_PORT);
        link.ifPresent(at -> {
            if (!at.has("address")) {
                at.missing(
                        "address", "give the address of the inner interface, which servers reach and partners do not");
            }
            at.finish(OTHER_NAMES);
        });
        fields.finish(Map.of("listen", "link"));
        return address.map(inner -> new EdgeSettings(home, new InetSocketAddress(inner, port)));
    }

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByAddress(AddressLiteral.parse(text));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("expected an IP address", e);
        }
    }

    private static int port(String text) {
        if (!text.matches("\\d{1,5}") || Integer.parseInt(text) > 65_535) {
            throw new IllegalArgumentException("expected a port from 0 to 65535; 0 takes a free one");
        }
        return Integer.parseInt(text);
    }
}
