-- A session that is in the register already was admitted only if it is this account's, on this boot of this node. Before, any row of
-- its id would do. Nodes of the former release call the function by the same name and understand every answer.

create or replace function admit_session(
    session uuid, of_account text, most integer, by_protocol text, by_listener text, from_peer text,
    with_software text, of_node text, of_epoch bigint,
    from_origin text, login text, most_of_login integer, most_of_origin integer, forget_one_ms bigint
) returns text
language plpgsql as $$
declare
    failed record;
    failed_before boolean := false;
    present record;
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
    select s.account, s.epoch into present from partner_session s where s.id = session;
    if found then
        -- Asked once more, as the first answer was not heard. A session of that id elsewhere, or of somebody else, is another one.
        return case when present.account = of_account and present.epoch = of_epoch then 'admitted' else 'full' end;
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
