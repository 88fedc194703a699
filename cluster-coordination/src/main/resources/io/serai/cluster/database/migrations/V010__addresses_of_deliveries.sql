-- At which address of its site each part of a delivery lies: temporary name, address, temporary name, address. A name
-- that is not among them lies at the site's first address.

alter table delivery add column part_addresses text[] not null default '{}';
