-- ---- changes that are in force on every node or on none ----------------------------------------------------------

-- The revision of the configuration that each boot of a node has in force. Only who is here votes on proposals.
create table config_node (
    node text primary key,
    epoch bigint not null,
    revision bigint not null,
    reported_at timestamptz not null default clock_timestamp()
);

-- A change that all live nodes must be able to put in force. voting: the nodes look whether they can; settling: it is
-- committed as a revision and the nodes put it in force; done; refused: a node could not, nothing was committed;
-- undone: a node failed after all, the former objects were committed as the revision undone_by.
create table config_proposal (
    id bigint generated always as identity primary key,
    state text not null default 'voting' check (state in ('voting', 'settling', 'done', 'refused', 'undone')),
    puts jsonb not null,
    deletes jsonb not null,
    proposed_by text not null,
    node text not null,
    revision bigint,
    undone_by bigint,
    error_code text,
    reason text not null default '',
    proposed_at timestamptz not null default clock_timestamp(),
    changed_at timestamptz not null default clock_timestamp()
);
-- One at a time.
create unique index config_proposal_open on config_proposal ((true)) where state in ('voting', 'settling');

-- What a node says: first whether it can (prepare), then whether it has (enforce). An empty reason is a yes.
create table config_vote (
    proposal bigint not null references config_proposal (id) on delete cascade,
    phase text not null check (phase in ('prepare', 'enforce')),
    node text not null,
    epoch bigint not null,
    reason text not null default '',
    voted_at timestamptz not null default clock_timestamp(),
    primary key (proposal, phase, node, epoch)
);

-- ---- the cache layer ---------------------------------------------------------------------------------------------

-- Where the members of the cache's group can be reached; only a hint for who joins next.
create table cache_member (
    address varchar(200) not null primary key,
    name varchar(200),
    cluster varchar(200) not null,
    ip varchar(200) not null,
    coord boolean
);

-- ---- identities that all nodes share -----------------------------------------------------------------------------

-- Host keys, certificates and keys of the cluster, encrypted under the key that is not in this database. The highest
-- version of a name is in force.
create table shared_secret (
    name text not null,
    version bigint not null,
    value text not null,
    made_at timestamptz not null default clock_timestamp(),
    made_by text not null,
    primary key (name, version)
);

-- ---- code for custom steps ---------------------------------------------------------------------------------------

-- The bytes of libraries by their checksum; which of them are in force, the objects of kind LIBRARY say.
create table library_content (
    sha256 text primary key,
    bytes bytea not null,
    added_at timestamptz not null default clock_timestamp(),
    added_by text not null
);
