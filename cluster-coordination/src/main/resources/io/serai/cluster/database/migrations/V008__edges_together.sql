-- What servers know together of edges: how each server's link to each edge is, whether operators drain it, and the route
-- files of zones whose edges have their own.

-- How a server sees an edge, in JSON. It counts while the lease of that server's epoch holds.
create table edge_report (
    node text not null,
    edge text not null,
    epoch bigint not null,
    report jsonb not null,
    reported_at timestamptz not null default clock_timestamp(),
    primary key (node, edge)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

create table edge_drain (
    edge text primary key,
    wanted_by text not null,
    wanted_at timestamptz not null default clock_timestamp()
);
-- Grows with each change of edge_drain, so that an edge never goes back to an older wish.
create table edge_drain_revision (
    only_row boolean primary key default true check (only_row),
    revision bigint not null
);
insert into edge_drain_revision (revision) values (0);

-- The versions of a zone's route files. Overruled: the digests of files that differed and that an operator saw
-- before this version was ordered; nothing else is overwritten.
create table edge_files (
    zone text not null,
    version bigint not null,
    digest text not null,
    files jsonb not null,
    edge text not null,
    ordered boolean not null,
    overruled text[] not null default '{}',
    made_by text not null,
    made_at timestamptz not null default clock_timestamp(),
    primary key (zone, version)
);

-- The route files that an edge has, as it said last; the files themselves only where they are not those of its version.
create table edge_files_at (
    edge text primary key,
    zone text not null,
    version bigint not null,
    digest text not null,
    state text not null check (state in ('same', 'behind', 'changed', 'conflict', 'broken')),
    problem text not null,
    files jsonb,
    reported_at timestamptz not null default clock_timestamp()
);
