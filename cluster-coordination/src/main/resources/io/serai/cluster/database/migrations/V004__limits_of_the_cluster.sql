-- Limits that hold for the whole cluster: sessions, parallel transfers, bandwidth; failed logins and bans.
-- Rows carry the epoch of the node that made them and count only while that node's lease holds.

-- ---- sessions ----------------------------------------------------------------------------------------------------

-- One row a session that has logged in, on whichever node.
create table partner_session (
    id uuid primary key,
    account text not null,
    protocol text not null,
    listener text not null,
    peer text not null,
    software text,
    node text not null,
    epoch bigint not null,
    since timestamptz not null default clock_timestamp(),
    end_requested_at timestamptz,
    end_requested_by text
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
create index partner_session_by_account on partner_session (account);
create index partner_session_by_epoch on partner_session (epoch);
create index partner_session_to_end on partner_session (epoch) where end_requested_at is not null;

-- ---- failed logins and bans --------------------------------------------------------------------------------------

-- By user name and address, and by address alone (the empty name). Failures fade one by one.
create table login_failure (
    origin text not null,
    name text not null,
    failures integer not null,
    latest timestamptz not null default clock_timestamp(),
    primary key (origin, name)
);
create index login_failure_by_time on login_failure (latest);

create table ban (
    network cidr primary key,
    reason text not null,
    banned_by text not null,
    banned_at timestamptz not null default clock_timestamp(),
    -- Null until somebody takes it away.
    until timestamptz
);

create function failures_left(failures integer, latest timestamptz, forget_one_ms bigint) returns integer
language sql stable as $$
    select greatest(0, failures - greatest(0,
        floor(extract(epoch from clock_timestamp() - latest) * 1000 / forget_one_ms)))::integer
$$;

-- ---- slots of parallel transfers ---------------------------------------------------------------------------------

create table limit_slot (
    id uuid primary key,
    kind text not null check (kind in ('site', 'account')),
    owner text not null,
    node text not null,
    epoch bigint not null,
    since timestamptz not null default clock_timestamp()
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
create index limit_slot_by_owner on limit_slot (kind, owner);
create index limit_slot_by_epoch on limit_slot (epoch);

-- What a waiting event waits for, such as 'site bank', when that has no free slot; it is ready when one gets free.
alter table event add column waits_for text;
create index event_waits_for on event (waits_for, priority desc, id) where state = 'waiting' and waits_for is not null;

-- ---- placement ---------------------------------------------------------------------------------------------------

-- Events that match (null matches all) are left to nodes with this label for a while, if one of them lives.
create table placement_rule (
    name text primary key,
    label text not null,
    kind text check (kind in ('arrival', 'pull', 'schedule', 'resubmit')),
    account text,
    route_id text,
    wait_ms bigint not null check (wait_ms between 0 and 600000),
    changed_by text not null,
    changed_at timestamptz not null default clock_timestamp(),
    check (kind is not null or account is not null or route_id is not null)
);

-- ---- bandwidth ---------------------------------------------------------------------------------------------------

-- One row a node that has running transfers of an owner with a limit: what it may use of that limit at the moment.
create table bandwidth_share (
    kind text not null check (kind in ('site', 'account')),
    owner text not null,
    epoch bigint not null,
    node text not null,
    transfers integer not null,
    granted bigint not null,
    asked_at timestamptz not null default clock_timestamp(),
    primary key (kind, owner, epoch)
);
create index bandwidth_share_by_epoch on bandwidth_share (epoch);

-- ---- deliveries that go on where an earlier attempt stopped -------------------------------------------------------

-- What the bytes of the latest attempt hash to, where that is known; temporary names of earlier attempts that may still be
-- at the site, the newest first, and what the bytes of each hash to.
alter table delivery add column source_sha256 text;
alter table delivery add column stale_temp_names text[] not null default '{}';
alter table delivery add column stale_sha256 text[] not null default '{}';

-- ---- admission ---------------------------------------------------------------------------------------------------

-- Each statement of a function sees what was committed before it began, so what is counted after the lock was given
-- holds the rows of whoever had the lock before. One round trip, one commit; nothing is held afterwards.

create function lease_holds(of_node text, of_epoch bigint) returns boolean
language plpgsql as $$
begin
    perform 1 from node
      where name = of_node and epoch = of_epoch and state in ('active', 'draining')
        and lease_until > clock_timestamp()
        for key share;
    return found;
end
$$;

-- Whether a login that has proven itself becomes a session: 'admitted', 'full', 'locked' or 'fenced'.
create function admit_session(
    session uuid, of_account text, most integer, by_protocol text, by_listener text, from_peer text,
    with_software text, of_node text, of_epoch bigint,
    from_origin text, login text, most_of_login integer, most_of_origin integer, forget_one_ms bigint
) returns text
language plpgsql as $$
declare
    failed record;
    failed_before boolean := false;
begin
    if not lease_holds(of_node, of_epoch) then
        return 'fenced';
    end if;
    for failed in
        select f.name, failures_left(f.failures, f.latest, forget_one_ms) as failures
          from login_failure f where f.origin = from_origin and f.name in ('', login)
    loop
        if failed.failures >= (case failed.name when '' then most_of_origin else most_of_login end) then
            return 'locked';
        end if;
        failed_before := failed_before or failed.name <> '';
    end loop;
    perform pg_advisory_xact_lock(1397048137, hashtext('session ' || of_account));
    if exists (select 1 from partner_session s where s.id = session) then
        return 'admitted';
    end if;
    if (select count(*) from partner_session s join node n on n.epoch = s.epoch
         where s.account = of_account and n.state in ('active', 'draining')
           and n.lease_until > clock_timestamp()) >= most then
        return 'full';
    end if;
    insert into partner_session (id, account, protocol, listener, peer, software, node, epoch)
    values (session, of_account, by_protocol, by_listener, from_peer, with_software, of_node, of_epoch);
    if failed_before then
        delete from login_failure f where f.origin = from_origin and f.name = login;
    end if;
    return 'admitted';
end
$$;

-- Counts a failed login; the failures of the login and of the address now. Those of a locked login count no further.
create function login_failed(
    from_origin text, login text, most_of_login integer, most_of_origin integer, forget_one_ms bigint,
    out of_login integer, out of_origin integer
)
language plpgsql as $$
begin
    insert into login_failure as f (origin, name, failures) values (from_origin, login, 1)
    on conflict (origin, name) do update
       set failures = least(most_of_login, failures_left(f.failures, f.latest, forget_one_ms) + 1),
           latest = clock_timestamp()
    returning failures into of_login;
    insert into login_failure as f (origin, name, failures) values (from_origin, '', 1)
    on conflict (origin, name) do update
       set failures = least(most_of_origin, failures_left(f.failures, f.latest, forget_one_ms) + 1),
           latest = clock_timestamp()
    returning failures into of_origin;
end
$$;

-- Makes so many of the events ready that wait for a slot of this owner; the number of events.
create function wake_waiting(what text, places integer) returns integer
language plpgsql as $$
declare
    woken integer;
begin
    update event set state = 'ready', due_at = clock_timestamp(), waits_for = null
     where id in (select id from event where state = 'waiting' and waits_for = what
                   order by priority desc, id limit places for update skip locked);
    get diagnostics woken = row_count;
    return woken;
end
$$;

create function slots_in_use(of_kind text, of_owner text) returns bigint
language plpgsql as $$
begin
    return (select count(*) from limit_slot s join node n on n.epoch = s.epoch
             where s.kind = of_kind and s.owner = of_owner and n.state in ('active', 'draining')
               and n.lease_until > clock_timestamp());
end
$$;

-- Takes a slot of an owner that may have so many: 'taken', 'full' or 'fenced'; 'woken' is 'taken' with yet a free one,
-- for which an event that waits was made ready.
create function take_slot(slot uuid, of_kind text, of_owner text, most integer, of_node text, of_epoch bigint)
returns text
language plpgsql as $$
declare
    free bigint;
begin
    if not lease_holds(of_node, of_epoch) then
        return 'fenced';
    end if;
    perform pg_advisory_xact_lock(1397048138, hashtext(of_kind || ' ' || of_owner));
    if exists (select 1 from limit_slot s where s.id = slot) then
        return 'taken';
    end if;
    free := most - slots_in_use(of_kind, of_owner);
    if free <= 0 then
        return 'full';
    end if;
    insert into limit_slot (id, kind, owner, node, epoch) values (slot, of_kind, of_owner, of_node, of_epoch);
    if free > 1 and wake_waiting(of_kind || ' ' || of_owner, 1) > 0 then
        return 'woken';
    end if;
    return 'taken';
end
$$;

-- Gives slots back and makes ready what waits for them; the number of events. Under the lock that wait_for_slot takes
-- too, so that an event either sees the free slot or is seen waiting.
create function free_slots(slots uuid[]) returns integer
language plpgsql as $$
declare
    held record;
    woken integer := 0;
begin
    for held in
        select s.kind, s.owner, count(*)::integer as places from limit_slot s where s.id = any (slots)
         group by s.kind, s.owner order by hashtext(s.kind || ' ' || s.owner)
    loop
        perform pg_advisory_xact_lock(1397048138, hashtext(held.kind || ' ' || held.owner));
        delete from limit_slot s where s.id = any (slots) and s.kind = held.kind and s.owner = held.owner;
        woken := woken + wake_waiting(held.kind || ' ' || held.owner, held.places);
    end loop;
    return woken;
end
$$;

-- Gives a claimed event back until a slot of the owner is free: 'waiting', 'ready' when one is free already, or 'fenced'
-- when the event is not held any more or is to be cancelled. No attempt is used.
create function wait_for_slot(
    of_event bigint, of_epoch bigint, of_kind text, of_owner text, most integer, longest_ms bigint
) returns text
language plpgsql as $$
declare
    free boolean;
begin
    perform pg_advisory_xact_lock(1397048138, hashtext(of_kind || ' ' || of_owner));
    free := slots_in_use(of_kind, of_owner) < most;
    update event
       set state = case when free then 'ready' else 'waiting' end,
           waits_for = case when free then null else of_kind || ' ' || of_owner end,
           due_at = clock_timestamp() + case when free then 0 else longest_ms end * interval '1 millisecond',
           claimed_by = null, claimed_epoch = null, claimed_at = null, claim_key = null
     where id = of_event and state = 'claimed' and claimed_epoch = of_epoch and cancel_requested_at is null;
    if not found then
        return 'fenced';
    end if;
    return case when free then 'ready' else 'waiting' end;
end
$$;

-- What a node with so many running transfers may use of an owner's limit from now on: its fair share by the number of
-- transfers, but never more than the others have left, so that the shares together are never more than the limit.
create function ask_bandwidth(
    of_kind text, of_owner text, bytes_per_second bigint, running integer, of_node text, of_epoch bigint
) returns bigint
language plpgsql as $$
declare
    others_running bigint;
    others_granted bigint;
    share bigint;
begin
    if not lease_holds(of_node, of_epoch) then
        return 0;
    end if;
    perform pg_advisory_xact_lock(1397048139, hashtext(of_kind || ' ' || of_owner));
    select coalesce(sum(b.transfers), 0), coalesce(sum(b.granted), 0) into others_running, others_granted
      from bandwidth_share b join node n on n.epoch = b.epoch
     where b.kind = of_kind and b.owner = of_owner and b.epoch <> of_epoch
       and n.state in ('active', 'draining') and n.lease_until > clock_timestamp();
    share := greatest(0, least(
        (bytes_per_second::numeric * running / (running + others_running))::bigint,
        bytes_per_second - others_granted));
    insert into bandwidth_share as b (kind, owner, epoch, node, transfers, granted)
    values (of_kind, of_owner, of_epoch, of_node, running, share)
    on conflict (kind, owner, epoch) do update
       set transfers = excluded.transfers, granted = excluded.granted, asked_at = clock_timestamp();
    return share;
end
$$;
