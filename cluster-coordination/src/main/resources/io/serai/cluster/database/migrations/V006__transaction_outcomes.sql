-- What was decided about transactions that also changed something outside of this database. The row of a commit is
-- written by the very transaction that it is about; the row of a rollback by whoever found a prepared branch of a
-- transaction whose node is gone. The primary key makes one of the two the first and only one.

create table transaction_outcome (
    gid bytea primary key,
    committed boolean not null,
    node text not null,
    participants text[] not null,
    decided_at timestamptz not null default clock_timestamp()
);
create index transaction_outcome_by_time on transaction_outcome (decided_at);
