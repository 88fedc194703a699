package io.serai.cluster.database;

import io.agroal.api.configuration.AgroalConnectionPoolConfiguration.ConnectionValidator;
import io.agroal.api.configuration.supplier.AgroalConnectionFactoryConfigurationSupplier;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.exceptionsorter.PostgreSQLExceptionSorter;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.agroal.api.transaction.TransactionIntegration;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Properties;
import java.util.StringJoiner;
import org.postgresql.xa.PGXADataSource;

/** How every pool is set up: broken connections leave it, and idle ones are asked before they are lent. */
public final class DatabasePool {
    static final int VALIDATION_SECONDS = 5;
    private static final Duration VALIDATE_AFTER_IDLE = Duration.ofSeconds(1);

    private DatabasePool() {}

    public static AgroalDataSourceConfigurationSupplier plain(
            DatabaseSettings settings, TransactionIntegration integration) {
        Properties properties = settings.driverProperties();
        AgroalConnectionFactoryConfigurationSupplier factory = login(settings).jdbcUrl(settings.url());
        properties.stringPropertyNames().forEach(key -> factory.jdbcProperty(key, properties.getProperty(key)));
        return pool(settings, factory, integration);
    }

    public static AgroalDataSourceConfigurationSupplier xa(
            DatabaseSettings settings, TransactionIntegration integration) {
        AgroalConnectionFactoryConfigurationSupplier factory = login(settings)
                .connectionProviderClass(PGXADataSource.class)
                .xaProperty("url", urlWithProperties(settings))
                .poolRecovery(false);
        return pool(settings, factory, integration);
    }

    /** What opens single connections for the two-phase protocol, outside every pool. */
    public static PGXADataSource xaSource(DatabaseSettings settings) {
        PGXADataSource source = new PGXADataSource();
        source.setUrl(urlWithProperties(settings));
        source.setUser(settings.user());
        source.setPassword(settings.password().reveal());
        return source;
    }

    private static String urlWithProperties(DatabaseSettings settings) {
        Properties properties = settings.driverProperties();
        StringJoiner query = new StringJoiner("&", settings.url().contains("?") ? "&" : "?", "");
        properties
                .stringPropertyNames()
                .forEach(key ->
                        query.add(key + "=" + URLEncoder.encode(properties.getProperty(key), StandardCharsets.UTF_8)));
        return settings.url() + query;
    }

    private static AgroalConnectionFactoryConfigurationSupplier login(DatabaseSettings settings) {
        return new AgroalConnectionFactoryConfigurationSupplier()
                .principal(new NamePrincipal(settings.user()))
                .credential(new SimplePassword(settings.password().reveal()));
    }

    private static AgroalDataSourceConfigurationSupplier pool(
            DatabaseSettings settings,
            AgroalConnectionFactoryConfigurationSupplier factory,
            TransactionIntegration integration) {
        return new AgroalDataSourceConfigurationSupplier()
                .connectionPoolConfiguration(pool -> pool.maxSize(settings.maxConnections())
                        .acquisitionTimeout(settings.acquisitionTimeout())
                        .connectionValidator(ConnectionValidator.defaultValidatorWithTimeout(VALIDATION_SECONDS))
                        .idleValidationTimeout(VALIDATE_AFTER_IDLE)
                        .reapTimeout(Duration.ofMinutes(5))
                        .maxLifetime(Duration.ofHours(1))
                        .exceptionSorter(new PostgreSQLExceptionSorter())
                        .transactionIntegration(integration)
                        .connectionFactoryConfiguration(factory));
    }
}
