package io.serai.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** The header of the PROXY protocol, version 2, which tells a listener whom a relayed connection comes from. */
final class ProxyProtocolHeader {
    private static final byte[] SIGNATURE = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};
    private static final int VERSION_2_PROXY = 0x21;
    private static final int TCP_IPV4 = 0x11;
    private static final int TCP_IPV6 = 0x21;

    private ProxyProtocolHeader() {}

    static ByteBuf of(InetSocketAddress client, InetSocketAddress local) {
        boolean both4 = client.getAddress() instanceof Inet4Address && local.getAddress() instanceof Inet4Address;
        int addressBytes = both4 ? 4 : 16;
        return Unpooled.buffer(SIGNATURE.length + 4 + 2 * addressBytes + 4)
                .writeBytes(SIGNATURE)
                .writeByte(VERSION_2_PROXY)
                .writeByte(both4 ? TCP_IPV4 : TCP_IPV6)
                .writeShort(2 * addressBytes + 4)
                .writeBytes(bytes(client.getAddress(), addressBytes))
                .writeBytes(bytes(local.getAddress(), addressBytes))
                .writeShort(client.getPort())
                .writeShort(local.getPort());
    }

    /** The address in so many bytes: an IPv4 one among IPv6 ones is mapped. */
    private static byte[] bytes(InetAddress address, int count) {
        byte[] own = address.getAddress();
        if (own.length == count) {
            return own;
        }
        byte[] mapped = new byte[16];
        mapped[10] = (byte) 0xff;
        mapped[11] = (byte) 0xff;
        System.arraycopy(own, 0, mapped, 12, own.length);
        return mapped;
    }
}
