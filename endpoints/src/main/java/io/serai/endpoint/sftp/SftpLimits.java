package io.serai.endpoint.sftp;

/**
 * What one SFTP channel may use.
 *
 * @param maxPacketBytes the largest SFTP packet that is taken, without its length field
 * @param maxHandles open files and folders
 */
record SftpLimits(int maxPacketBytes, int maxHandles) {
    /** Room in a packet for everything that is not data. */
    private static final int HEAD_BYTES = 1024;

    private static final int PACKET_BYTES_MIN = 34_000;
    private static final int PACKET_BYTES_MAX = 1 << 20;

    SftpLimits {
        if (maxPacketBytes < PACKET_BYTES_MIN || maxPacketBytes > PACKET_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "maxPacketBytes must be between " + PACKET_BYTES_MIN + " and " + PACKET_BYTES_MAX);
        }
        if (maxHandles < 1) {
            throw new IllegalArgumentException("maxHandles must be 1 or more");
        }
    }

    /** The largest READ and WRITE. */
    int maxDataBytes() {
        return maxPacketBytes - HEAD_BYTES;
    }
}
