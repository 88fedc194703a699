package io.serai.server.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Whether the wall of a benchmark does to a connection what a firewall does. */
class ForgetfulWallTest {
    /** A connection through the wall, and its other end. */
    private record Ends(Socket near, Socket far) {}

    private static Ends connect(ForgetfulWall wall, ServerSocket target) throws Exception {
        Socket near = new Socket(InetAddress.getLoopbackAddress(), wall.port());
        Socket far = target.accept();
        near.setSoTimeout(500);
        far.setSoTimeout(500);
        return new Ends(near, far);
    }

    @Test
    void passesWhatComesInTime() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ForgetfulWall wall = ForgetfulWall.before(target.getLocalPort(), Duration.ofHours(1))) {
            Ends ends = connect(wall, target);
            ends.near().getOutputStream().write(7);
            assertThat(ends.far().getInputStream().read()).isEqualTo(7);
            ends.far().getOutputStream().write(9);
            assertThat(ends.near().getInputStream().read()).isEqualTo(9);
            ends.near().close();
            assertThat(ends.far().getInputStream().read()).isEqualTo(-1);
            assertThat(wall.forgotten()).isZero();
            assertThat(wall.dialled()).isEqualTo(1);
        }
    }

    @Test
    void dropsWithoutAWordWhatComesTooLate() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ForgetfulWall wall = ForgetfulWall.before(target.getLocalPort(), Duration.ZERO)) {
            Ends ends = connect(wall, target);
            ends.near().getOutputStream().write(7);
            assertThatThrownBy(() -> ends.far().getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            ends.far().getOutputStream().write(9);
            assertThatThrownBy(() -> ends.near().getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            assertThat(wall.forgotten()).isPositive();
        }
    }
}
