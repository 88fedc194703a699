package io.serai.route.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.TestDatabase;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerPort;
import io.serai.route.RunningNode;
import io.serai.route.TestAccounts;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.camel.ExchangePattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The platform's own route, from an endpoint to the answering side. */
class ListenerRoutesTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    @Test
    void operationsAreAnsweredAndRefusalsKeepTheirCode() throws Exception {
        try (RunningNode node = new RunningNode(DATABASE.database(), folder, folder)) {
            node.objects.put(TestAccounts.named("acme").build());
            node.camel.addRoutes(
                    new ListenerRoutes(List.of(new ListenerRoutes.Listener("partners", "direct:partners"))));
            node.start();
            var producer = node.camel.createProducerTemplate();
            PartnerPort port = new PartnerPort(node.camel.getEndpoint("direct:partners"), exchange -> {
                exchange.setPattern(ExchangePattern.InOut);
                producer.send("direct:partners", exchange);
            });
            SessionId session = SessionId.random();

            assertThat(port.call(new PartnerOperation.OpenSession(
                                    session, RunningNode.origin(Protocol.SFTP, "192.0.2.1")))
                            .maxTries())
                    .isPositive();
            assertThat(port.call(new PartnerOperation.LoginByPassword(session, "acme", new SecretText("secret"))))
                    .isInstanceOf(LoginResult.Accepted.class);
            assertThat(port.call(new PartnerOperation.ListFolder(session, VirtualPath.ROOT, Optional.empty()))
                            .entries())
                    .extracting(entry -> entry.name())
                    .containsExactly("inbox", "outbox");
            assertThatThrownBy(() -> port.call(new PartnerOperation.RemoveFile(session, VirtualPath.parse("/none"))))
                    .isInstanceOfSatisfying(
                            SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SUCH_FILE));
        }
    }
}
