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

-- ---- schedules ---------------------------------------------------------------------------------------------------

-- What came of a fire. A fire without an event was left out: overlapped (the former event was alive) or missed.
alter table schedule_fire add column outcome text not null default 'queued';
alter table schedule_fire add column note text;
alter table schedule_fire add column asked_by text;
alter table schedule_fire add column recorded_at timestamptz not null default now();

-- Until when the times of a schedule were looked through for a route; what is due later has not been decided.
create table schedule_clock (
    schedule text not null,
    route_id text not null,
    looked_until timestamptz not null,
    -- Since when the route has followed another schedule; null while it follows this one.
    left_at timestamptz,
    primary key (schedule, route_id)
);
-- Release 0.1.0 had no clocks: those of the routes that there are go on from their last fire.
insert into schedule_clock (schedule, route_id, looked_until)
select f.schedule, f.route_id, max(f.fire_time) from schedule_fire f
 where exists (select 1 from config_object o where o.kind = 'ROUTE' and o.name = f.route_id)
 group by f.schedule, f.route_id;

create table schedule_pause (
    schedule text primary key,
    paused_at timestamptz not null default clock_timestamp(),
    paused_by text not null
);

-- Quartz' clustered store: its layout, with the indexes that its statements for one scheduler use. It only wakes a
-- node when something is due; the tables above decide what is done.
create table quartz_job_details (
    sched_name varchar(120) not null,
    job_name varchar(200) not null,
    job_group varchar(200) not null,
    description varchar(250),
    job_class_name varchar(250) not null,
    is_durable boolean not null,
    is_nonconcurrent boolean not null,
    is_update_data boolean not null,
    requests_recovery boolean not null,
    job_data bytea,
    primary key (sched_name, job_name, job_group)
);

create table quartz_triggers (
    sched_name varchar(120) not null,
    trigger_name varchar(200) not null,
    trigger_group varchar(200) not null,
    job_name varchar(200) not null,
    job_group varchar(200) not null,
    description varchar(250),
    next_fire_time bigint,
    prev_fire_time bigint,
    priority integer,
    trigger_state varchar(16) not null,
    trigger_type varchar(8) not null,
    start_time bigint not null,
    end_time bigint,
    calendar_name varchar(200),
    misfire_instr smallint,
    job_data bytea,
    primary key (sched_name, trigger_name, trigger_group),
    foreign key (sched_name, job_name, job_group) references quartz_job_details
) with (fillfactor = 70);
create index quartz_triggers_by_job on quartz_triggers (sched_name, job_name, job_group);
create index quartz_triggers_by_time on quartz_triggers (sched_name, trigger_state, next_fire_time);

create table quartz_simple_triggers (
    sched_name varchar(120) not null,
    trigger_name varchar(200) not null,
    trigger_group varchar(200) not null,
    repeat_count bigint not null,
    repeat_interval bigint not null,
    times_triggered bigint not null,
    primary key (sched_name, trigger_name, trigger_group),
    foreign key (sched_name, trigger_name, trigger_group) references quartz_triggers
);

create table quartz_cron_triggers (
    sched_name varchar(120) not null,
    trigger_name varchar(200) not null,
    trigger_group varchar(200) not null,
    cron_expression varchar(120) not null,
    time_zone_id varchar(80),
    primary key (sched_name, trigger_name, trigger_group),
    foreign key (sched_name, trigger_name, trigger_group) references quartz_triggers
);

create table quartz_simprop_triggers (
    sched_name varchar(120) not null,
    trigger_name varchar(200) not null,
    trigger_group varchar(200) not null,
    str_prop_1 varchar(512),
    str_prop_2 varchar(512),
    str_prop_3 varchar(512),
    int_prop_1 integer,
    int_prop_2 integer,
    long_prop_1 bigint,
    long_prop_2 bigint,
    dec_prop_1 numeric(13, 4),
    dec_prop_2 numeric(13, 4),
    bool_prop_1 boolean,
    bool_prop_2 boolean,
    primary key (sched_name, trigger_name, trigger_group),
    foreign key (sched_name, trigger_name, trigger_group) references quartz_triggers
);

create table quartz_blob_triggers (
    sched_name varchar(120) not null,
    trigger_name varchar(200) not null,
    trigger_group varchar(200) not null,
    blob_data bytea,
    primary key (sched_name, trigger_name, trigger_group),
    foreign key (sched_name, trigger_name, trigger_group) references quartz_triggers
);

create table quartz_calendars (
    sched_name varchar(120) not null,
    calendar_name varchar(200) not null,
    calendar bytea not null,
    primary key (sched_name, calendar_name)
);

create table quartz_paused_trigger_grps (
    sched_name varchar(120) not null,
    trigger_group varchar(200) not null,
    primary key (sched_name, trigger_group)
);

create table quartz_fired_triggers (
    sched_name varchar(120) not null,
    entry_id varchar(95) not null,
    trigger_name varchar(200) not null,
    trigger_group varchar(200) not null,
    instance_name varchar(200) not null,
    fired_time bigint not null,
    sched_time bigint not null,
    priority integer not null,
    state varchar(16) not null,
    job_name varchar(200),
    job_group varchar(200),
    is_nonconcurrent boolean,
    requests_recovery boolean,
    primary key (sched_name, entry_id)
);
create index quartz_fired_by_instance on quartz_fired_triggers (sched_name, instance_name);

create table quartz_scheduler_state (
    sched_name varchar(120) not null,
    instance_name varchar(200) not null,
    last_checkin_time bigint not null,
    checkin_interval bigint not null,
    primary key (sched_name, instance_name)
);

create table quartz_locks (
    sched_name varchar(120) not null,
    lock_name varchar(40) not null,
    primary key (sched_name, lock_name)
);

-- What was fetched from a site is remembered with its checksum, also when the ledger has forgotten the transfer.
alter table pulled_file add column sha256 text;

-- ---- folder monitors ---------------------------------------------------------------------------------------------

-- What was taken from monitored folders, so that it is not taken again; written with the ledger row and the event.
create table monitored_file (
    route_id text not null,
    path text not null,
    size_bytes bigint not null,
    modified_ms bigint not null,
    transfer_id uuid not null,
    sha256 text not null,
    taken_at timestamptz not null default clock_timestamp(),
    -- The wished end of the file (delete, move) is still owed.
    afterwards_owed boolean not null,
    primary key (route_id, path, size_bytes, modified_ms)
);
create index monitored_file_owed on monitored_file (route_id) where afterwards_owed;
