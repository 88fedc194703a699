package io.serai.config.name;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class VirtualPathProperties {
    private static final Path HOME = Path.of("/srv/serai/home");

    @Provide
    Arbitrary<String> paths() {
        return Arbitraries.of("a", "b", "..", ".", "", "...", " ", "a b", "é", "c.txt", "-", "%2e%2e")
                .list()
                .ofMaxSize(12)
                .map(names -> String.join("/", names));
    }

    /** The reference: the platform's own normalisation below "/", which it cannot leave either. */
    @Property(tries = 2000)
    void agreesWithThePlatformsNormalisation(@ForAll("paths") String folder, @ForAll("paths") String raw) {
        Path reference = Path.of("/" + folder).normalize();
        reference = (raw.startsWith("/") ? Path.of(raw) : reference.resolve(raw)).normalize();
        assertThat(VirtualPath.parse(folder).resolve(raw)).hasToString(reference.toString());
    }

    @Property(tries = 2000)
    void staysBelowTheHomeWhateverIsSent(@ForAll String raw, @ForAll("paths") String prefix) {
        VirtualPath path;
        try {
            path = VirtualPath.parse(prefix + raw);
        } catch (SeraiException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.NAME_INVALID);
            return;
        }
        Path real = HOME;
        for (String segment : path.segments()) {
            real = real.resolve(segment);
            assertThat(real.getNameCount()).isEqualTo(real.normalize().getNameCount());
        }
        assertThat(real.normalize().startsWith(HOME)).isTrue();
    }

    @Property(tries = 2000)
    void normalisingAgainChangesNothing(@ForAll("paths") String raw) {
        VirtualPath once = VirtualPath.parse(raw);
        assertThat(VirtualPath.parse(once.toString())).isEqualTo(once);
        assertThat(new VirtualPath(once.segments())).isEqualTo(once);
    }

    @Property
    void aParentHoldsItsChild(@ForAll("paths") String raw) {
        VirtualPath path = VirtualPath.parse(raw);
        assertThat(path.isWithin(path.parent())).isTrue();
        assertThat(path.child("x").parent()).isEqualTo(path);
        assertThat(List.of(path.child("x"), path)).allMatch(each -> each.isWithin(VirtualPath.ROOT));
    }
}
