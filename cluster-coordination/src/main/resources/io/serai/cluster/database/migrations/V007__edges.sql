-- The keys of the servers' ends of their links, so that every edge can know every server. The revision grows with each
-- change, so that an edge never goes back to an older list.

create table server_link (
    node text primary key,
    pin text not null,
    recorded_at timestamptz not null default clock_timestamp()
);
create table server_link_revision (
    only_row boolean primary key default true check (only_row),
    revision bigint not null
);
insert into server_link_revision (revision) values (0);
