-- The shared database of a cluster. Times are the database's own clock (clock_timestamp()).

-- One row: which cluster this database belongs to; the storage root carries the same id.
create table cluster (
    id uuid not null,
    created_at timestamptz not null default clock_timestamp(),
    only_row boolean primary key default true check (only_row)
);
insert into cluster (id) values (gen_random_uuid());

-- ---- nodes and their leases -------------------------------------------------------------------------------------

-- Every boot of every node takes a new epoch: the fencing token of all that it claims. Epochs only grow.
create sequence node_epoch;

create table node (
    name text primary key,
    epoch bigint not null unique,
    boot_id uuid not null,
    version text not null,
    address text not null,
    state text not null check (state in ('active', 'draining', 'stopped', 'dead', 'removed')),
    started_at timestamptz not null default clock_timestamp(),
    lease_until timestamptz not null
);

create table takeover (
    id bigint generated always as identity primary key,
    node text not null,
    epoch bigint not null unique,
    boot_id uuid not null,
    taken_by text not null,
    taken_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    report text not null default ''
);

-- ---- configuration objects ---------------------------------------------------------------------------------------

create sequence config_revision;

-- The spec never holds a secret in clear: secrets are encrypted under a key that is not in this database.
create table config_object (
    kind text not null,
    name text not null,
    version bigint not null,
    revision bigint not null,
    spec jsonb not null,
    changed_at timestamptz not null default clock_timestamp(),
    changed_by text not null,
    primary key (kind, name)
);

create table config_history (
    kind text not null,
    name text not null,
    version bigint not null,
    revision bigint not null,
    change text not null check (change in ('created', 'updated', 'deleted')),
    spec jsonb,
    changed_at timestamptz not null default clock_timestamp(),
    changed_by text not null,
    primary key (kind, name, version)
);
create index config_history_by_revision on config_history (revision);

-- Bearer tokens of the admin API; only the SHA-256 of a token is kept.
create table admin_token (
    name text primary key,
    sha256 text not null unique,
    role text not null check (role in ('viewer', 'operator', 'admin')),
    created_at timestamptz not null default clock_timestamp(),
    created_by text not null,
    expires_at timestamptz,
    last_used_at timestamptz
);

-- ---- the ledger --------------------------------------------------------------------------------------------------

-- One row a transfer: one file moving one way between us and one peer.
create table transfer (
    id uuid primary key,
    file_id uuid not null,
    direction text not null check (direction in ('in', 'out')),
    kind text not null check (kind in ('upload', 'download', 'pull', 'delivery')),
    state text not null check (state in ('running', 'completed', 'failed', 'aborted', 'cancelled')),
    account text,
    site text,
    protocol text not null,
    listener text,
    path text not null,
    size_bytes bigint not null default 0,
    sha256 text,
    peer text,
    session_id uuid,
    route_id text,
    event_id bigint,
    node text not null,
    epoch bigint not null,
    attempts integer not null default 1,
    error_code text,
    error_text text,
    started_at timestamptz not null,
    ended_at timestamptz,
    -- Uploads: when the visible name was made; null while that is still owed.
    published_at timestamptz,
    -- Inbound: the kept content may be removed from then on, once no event needs it; null when it is gone.
    content_until timestamptz,
    cancel_requested_at timestamptz,
    cancel_requested_by text
);
create index transfer_by_start on transfer (started_at desc, id);
create index transfer_by_file on transfer (file_id);
create index transfer_by_account on transfer (account, started_at desc) where account is not null;
create index transfer_by_event on transfer (event_id) where event_id is not null;
create index transfer_running on transfer (epoch) where state = 'running';
create index transfer_unpublished on transfer (epoch) where kind = 'upload' and published_at is null and state = 'completed';
create index transfer_content on transfer (content_until) where content_until is not null;

-- ---- the event queue ---------------------------------------------------------------------------------------------

-- Live work only: ended events move to event_history in the same transaction, so that this table stays small.
create table event (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('arrival', 'pull', 'schedule', 'resubmit')),
    route_id text not null,
    -- Fairness is between these: the account, or the site of a pull.
    account text not null,
    priority smallint not null default 5 check (priority between 0 and 9),
    transfer_id uuid,
    file_id uuid,
    path text not null default '',
    detail jsonb,
    state text not null default 'ready' check (state in ('ready', 'claimed', 'waiting', 'parked')),
    due_at timestamptz not null default clock_timestamp(),
    -- Failed attempts; those before the last retry by an operator are forgiven and do not use up the limit.
    attempts integer not null default 0,
    attempts_forgiven integer not null default 0,
    -- Failures of our own resources in a row: they are retried without using up attempts.
    resource_failures integer not null default 0,
    claimed_by text,
    claimed_epoch bigint,
    claimed_at timestamptz,
    -- Names the claim that took it, so that a claim without an answer can be read again.
    claim_key bigint,
    created_at timestamptz not null default clock_timestamp(),
    error_code text,
    error_text text,
    error_step text,
    cancel_requested_at timestamptz,
    cancel_requested_by text,
    check ((state = 'claimed') = (claimed_epoch is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_cost_delay = 0);
-- Claims hop along this index from owner to owner. The last column is an expression so that nothing but this index has
-- the order: an owner's first events must never be looked for along the primary key.
create index event_ready on event (route_id, priority desc, account, (id + 0)) where state = 'ready';
create index event_waiting on event (due_at) where state = 'waiting';
create index event_claimed on event (claimed_epoch) where state = 'claimed';
create index event_parked on event (id) where state = 'parked';
create index event_by_transfer on event (transfer_id) where transfer_id is not null;

create table event_attempt (
    event_id bigint not null,
    attempt integer not null,
    node text not null,
    epoch bigint not null,
    ended_at timestamptz not null default clock_timestamp(),
    error_code text not null,
    error_text text not null,
    error_step text,
    primary key (event_id, attempt, epoch)
);

create table event_history (
    id bigint primary key,
    kind text not null,
    route_id text not null,
    account text not null,
    transfer_id uuid,
    file_id uuid,
    path text not null,
    outcome text not null check (outcome in ('completed', 'cancelled', 'discarded')),
    attempts integer not null,
    -- Who ended it: a node under its epoch, or an operator.
    node text,
    epoch bigint,
    ended_by text,
    created_at timestamptz not null,
    ended_at timestamptz not null default clock_timestamp()
);
create index event_history_by_end on event_history (ended_at desc);
create index event_history_by_transfer on event_history (transfer_id) where transfer_id is not null;

-- ---- deliveries: the intent and the effect of each delivering step of a live event -------------------------------

-- sending: bytes go to temp_name; renaming: the rename to final_name may have happened; delivered: it has.
-- Rows go when their event ends; what was delivered stays in the ledger.
create table delivery (
    event_id bigint not null,
    step_key text not null,
    transfer_id uuid not null,
    site text not null,
    temp_name text not null,
    final_name text not null,
    state text not null check (state in ('sending', 'renaming', 'delivered')),
    size_bytes bigint,
    sha256 text,
    epoch bigint not null,
    updated_at timestamptz not null default clock_timestamp(),
    primary key (event_id, step_key)
);

-- ---- schedules and pulls -----------------------------------------------------------------------------------------

-- One row a fire: whichever node inserts it makes the event, so that a fire happens once.
create table schedule_fire (
    schedule text not null,
    route_id text not null,
    fire_time timestamptz not null,
    event_id bigint,
    primary key (schedule, route_id, fire_time)
);

-- What was fetched from a site, so that it is not fetched again.
create table pulled_file (
    route_id text not null,
    site text not null,
    path text not null,
    size_bytes bigint not null,
    modified_ms bigint not null,
    transfer_id uuid not null,
    pulled_at timestamptz not null default clock_timestamp(),
    -- The wished end at the site (delete, move) is still owed.
    afterwards_owed boolean not null,
    primary key (route_id, site, path, size_bytes, modified_ms)
);
