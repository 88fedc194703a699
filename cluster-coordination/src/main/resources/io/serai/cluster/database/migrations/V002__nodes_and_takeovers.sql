-- What operators see of nodes and takeovers, wished states, the way in for new nodes. Only added to what V001 made:
-- servers that know V001 alone run beside this.

-- The storage root that belongs to this cluster carries the same id; null until a node has opened it.
alter table cluster add column root_id uuid;
-- A known text, encrypted under the cluster's secret keys: says whether a node's keys are the cluster's.
alter table cluster add column key_check text;

-- Told by the node with each renewal of its lease.
alter table node add column renewed_at timestamptz;
alter table node add column lease_millis bigint;
alter table node add column renewals bigint not null default 0;
alter table node add column capacity integer;
alter table node add column labels text[] not null default '{}';
alter table node add column sessions integer;
alter table node add column running_events integer;
alter table node add column processor_load double precision;
alter table node add column heap_used double precision;
alter table node add column trouble text;
-- What operators want of it; the node follows.
alter table node add column wanted text not null default 'active' check (wanted in ('active', 'draining'));
alter table node add column wanted_by text;
alter table node add column wanted_at timestamptz;

-- silent: the lease ended, nobody knows why yet; frozen, cut_off, without_storage: the same boot came back and told;
-- died: another boot of the node came; stopped: it said goodbye, but had left something.
alter table takeover add column cause text not null default 'silent'
    check (cause in ('silent', 'died', 'frozen', 'cut_off', 'without_storage', 'stopped'));
alter table takeover add column last_sign_at timestamptz;
alter table takeover add column counts jsonb not null default '{}';
-- When the last of the events that went back to the queue had ended, and who ended how many.
alter table takeover add column work_ended_at timestamptz;
alter table takeover add column ended_by jsonb not null default '{}';
create index takeover_open on takeover (id) where finished_at is null or work_ended_at is null;

-- The events that a takeover gave back, until all of them have ended.
create table takeover_event (
    epoch bigint not null,
    event_id bigint not null,
    primary key (epoch, event_id)
);

-- A one-time way in: the cluster's keys, encrypted under a secret that only the invitation's token holds.
create table invitation (
    id uuid primary key,
    wrapped_keys text not null,
    created_at timestamptz not null default clock_timestamp(),
    created_by text not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    used_by text
);

-- Each rotation's keys, encrypted under the keys before it, so that the other nodes can follow.
create table key_rotation (
    id bigint generated always as identity primary key,
    wrapped_keys text not null,
    made_by text not null,
    made_at timestamptz not null default clock_timestamp()
);
