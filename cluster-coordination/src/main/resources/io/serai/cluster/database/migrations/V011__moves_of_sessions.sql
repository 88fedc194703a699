-- A session of an edge goes from node to node. Its edge numbers its tries: one that it gave up on, and that is carried out late, must not
-- take the session from the node where it is by then.

alter table partner_session add column latest_move bigint not null default 0;
