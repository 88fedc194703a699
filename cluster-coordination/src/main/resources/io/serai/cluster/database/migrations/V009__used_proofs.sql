-- Proofs of public key logins that edges have relayed, by a hash of the SSH session that each was made for. A proof counts
-- once; only the session that has used it may use it again.

create table used_proof (
    ssh_session bytea primary key,
    used_by uuid not null,
    used_at timestamptz not null default clock_timestamp()
);
create index used_proof_by_age on used_proof (used_at);
