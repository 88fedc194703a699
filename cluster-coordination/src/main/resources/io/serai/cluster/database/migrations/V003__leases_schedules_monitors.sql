-- Named leases, by the database's clock. A lease also ends with the lease of its holder's boot (holder, holder_epoch).

-- Tokens only grow, whichever lease they belong to.
create sequence lease_token;

-- Rows stay: an ended lease has its end in the past. The token is unique, so that a guard's key-share lock on the row
-- conflicts with an acquisition and not with a renewal.
create table lease (
    name text primary key,
    holder text not null,
    holder_epoch bigint not null,
    token bigint not null unique,
    acquired_at timestamptz not null,
    until timestamptz not null
) with (fillfactor = 50);

-- Who would take a lease; a row counts while that boot of the node lives.
create table lease_candidate (
    name text not null,
    node text not null,
    epoch bigint not null,
    primary key (name, node)
);
