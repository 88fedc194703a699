package io.serai.route.deploy;

import io.serai.config.name.AccountName;
import io.serai.config.name.ScheduleName;
import io.serai.config.name.SiteName;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The objects that a route names in the URIs of its steps. */
public record RouteReferences(
        Set<SiteName> sites,
        Set<AccountName> accounts,
        Set<ScheduleName> schedules,
        Set<String> dataSources,
        Set<String> connectionFactories) {
    private static final Pattern NAMED =
            Pattern.compile("^(site|arrival|schedule):(?://)?([A-Za-z0-9][A-Za-z0-9._-]*)");
    private static final Pattern SCHEDULE_OPTION = Pattern.compile("[?&]schedule=([A-Za-z0-9][A-Za-z0-9._-]*)");

    private static final Pattern RESOURCE_OPTION =
            Pattern.compile("[?&](dataSource|connectionFactory)=#(?:bean:)?([A-Za-z0-9][A-Za-z0-9._-]*)");
    /** Serai's own, which no document declares. */
    private static final Pattern OWN = Pattern.compile("serai.*");

    public RouteReferences {
        sites = Set.copyOf(sites);
        accounts = Set.copyOf(accounts);
        schedules = Set.copyOf(schedules);
        dataSources = Set.copyOf(dataSources);
        connectionFactories = Set.copyOf(connectionFactories);
    }

    /** What these endpoint URIs name. */
    static RouteReferences of(Iterable<String> uris) {
        Set<SiteName> sites = new HashSet<>();
        Set<AccountName> accounts = new HashSet<>();
        Set<ScheduleName> schedules = new HashSet<>();
        Set<String> dataSources = new HashSet<>();
        Set<String> connectionFactories = new HashSet<>();
        for (String uri : uris) {
            Matcher named = NAMED.matcher(uri);
            if (named.find()) {
                String name = named.group(2);
                switch (named.group(1)) {
                    case "site" -> sites.add(new SiteName(name));
                    case "arrival" -> accounts.add(new AccountName(name));
                    default -> schedules.add(new ScheduleName(name));
                }
            }
            Matcher resource = RESOURCE_OPTION.matcher(uri);
            while (resource.find()) {
                boolean isOwn = OWN.matcher(resource.group(2)).matches();
                if (!isOwn) {
                    (resource.group(1).equals("dataSource") ? dataSources : connectionFactories).add(resource.group(2));
                }
            }
            Matcher schedule = SCHEDULE_OPTION.matcher(uri);
            if (named.reset().find() && schedule.find()) {
                schedules.add(new ScheduleName(schedule.group(1)));
            }
        }
        return new RouteReferences(sites, accounts, schedules, dataSources, connectionFactories);
    }
}
