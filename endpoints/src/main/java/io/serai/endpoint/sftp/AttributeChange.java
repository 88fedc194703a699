package io.serai.endpoint.sftp;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What of the ATTRS of a request has a meaning here (draft-ietf-secsh-filexfer-02 section 5).
 *
 * @param sizeBytes the size that the file is to be cut to
 * @param modified the modification time
 */
record AttributeChange(OptionalLong sizeBytes, Optional<Instant> modified) {
    private static final int SIZE = 0x1;
    private static final int OWNER = 0x2;
    private static final int PERMISSIONS = 0x4;
    private static final int TIMES = 0x8;

    static AttributeChange read(PacketReader in) {
        int flags = in.uint32();
        OptionalLong size = (flags & SIZE) == 0 ? OptionalLong.empty() : OptionalLong.of(in.offset());
        if ((flags & OWNER) != 0) {
            in.uint32();
            in.uint32();
        }
        if ((flags & PERMISSIONS) != 0) {
            in.uint32();
        }
        Optional<Instant> modified = Optional.empty();
        if ((flags & TIMES) != 0) {
            in.uint32();
            modified = Optional.of(Instant.ofEpochSecond(in.unsigned32()));
        }
        return new AttributeChange(size, modified);
    }
}
