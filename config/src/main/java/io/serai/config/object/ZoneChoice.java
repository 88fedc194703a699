package io.serai.config.object;

import io.serai.config.name.ZoneName;
import java.util.Collection;
import java.util.Optional;

/** Which zone a site's connections leave through. */
public sealed interface ZoneChoice {
    /** A choice that names no zone. */
    enum Word implements ZoneChoice {
        /** Through no edge, whatever the zones say. */
        NONE,
        /** Through the zone that says that it is the default; through no edge when none does. */
        DEFAULT
    }

    /** That zone. */
    record Named(ZoneName zone) implements ZoneChoice {}

    /** Reads what {@link #text} writes. */
    static ZoneChoice of(String text) {
        for (Word word : Word.values()) {
            if (ObjectFields.word(word).equals(text)) {
                return word;
            }
        }
        return new Named(new ZoneName(text));
    }

    /** The zone among these that connections leave through; empty when they go from the server itself. */
    default Optional<Zone> in(Collection<Zone> zones) {
        return zones.stream()
                .filter(zone -> zone.outbound().offered())
                .filter(zone -> this instanceof Named named
                        ? zone.name().equals(named.zone())
                        : this == Word.DEFAULT && zone.outbound().isDefault())
                .findFirst();
    }

    /** As documents write it: {@code none}, {@code default} or the zone's name. */
    default String text() {
        return this instanceof Named named ? named.zone().value() : ObjectFields.word((Word) this);
    }
}
