package io.serai.route.site.outbound;

import io.serai.config.secret.SecretText;

/** What a proxy asks for. */
public record ProxyLogin(String user, SecretText password) {}
