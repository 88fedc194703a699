package io.serai.server.node;

import io.serai.cluster.object.JdbcObjectStore;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Route;
import io.serai.config.object.Schedule;
import io.serai.config.object.Site;
import io.serai.config.object.ZoneChoice;
import io.serai.config.secret.SecretBox;
import io.serai.route.deploy.RouteChecker;
import io.serai.route.deploy.RouteReferences;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The configuration objects as this node keeps them: encrypted under its key, with the references of routes known. */
final class NodeObjects {
    /** A route is read again and again while others change; its references are as fixed as its text. */
    private static final int MOST_KNOWN = 2000;

    private NodeObjects() {}

    static JdbcObjectStore start(NodeDatabase database, SecretBox secrets, RouteChecker checker, StopList stops) {
        Map<Route, RouteReferences> known = new ConcurrentHashMap<>();
        JdbcObjectStore store = new JdbcObjectStore(
                database.database(), new ObjectJson(secrets), object -> references(object, checker, known));
        store.start();
        stops.add("configuration objects", store::close);
        return store;
    }

    /** What an object names, so that nothing is deleted from under it. */
    private static Set<Key> references(ConfigObject object, RouteChecker checker, Map<Route, RouteReferences> known) {
        Set<Key> keys = new LinkedHashSet<>();
        if (object instanceof Schedule schedule) {
            schedule.calendar().ifPresent(calendar -> keys.add(new Key(ObjectKind.CALENDAR, calendar.value())));
        }
        if (object instanceof Site site && site.zone() instanceof ZoneChoice.Named named) {
            keys.add(new Key(ObjectKind.ZONE, named.zone().value()));
        }
        if (object instanceof Route route) {
            if (known.size() > MOST_KNOWN) {
                known.clear();
            }
            RouteReferences references = known.computeIfAbsent(
                    route, unknown -> checker.check(unknown).references());
            references.sites().forEach(site -> keys.add(new Key(ObjectKind.SITE, site.value())));
            references.accounts().forEach(account -> keys.add(new Key(ObjectKind.ACCOUNT, account.value())));
            references.dataSources().forEach(name -> keys.add(new Key(ObjectKind.DATA_SOURCE, name)));
            references.connectionFactories().forEach(name -> keys.add(new Key(ObjectKind.CONNECTION_FACTORY, name)));
            references.schedules().forEach(schedule -> keys.add(new Key(ObjectKind.SCHEDULE, schedule.value())));
        }
        return keys;
    }
}
