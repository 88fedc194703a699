package io.serai.server;

import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Partners' clients straight at a server. */
@Tag("paired")
class ClientsIT implements ClientsContract {
    private static TestFolder folder;
    private static RunningServer server;
    private static Partner acme;

    @BeforeAll
    static void startServer() {
        folder = new TestFolder("clients");
        server = RunningServer.start(folder, "server", Map.of());
        acme = Partner.of(server, folder, "acme");
    }

    @AfterAll
    static void stopServer() {
        server.close();
        folder.close();
    }

    @Override
    public TestFolder folder() {
        return folder;
    }

    @Override
    public RunningServer server() {
        return server;
    }

    @Override
    public Partner acme() {
        return acme;
    }
}
