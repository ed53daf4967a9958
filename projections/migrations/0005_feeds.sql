-- feed_lines: the events of each feed, of which Valkey keeps only the newest. What happened is in entity_timeline.
create table feed_lines (
  tenant text not null,
  feed text collate "C" not null,  -- user:<id>, account:<id>
  position bigint not null,
  kind text not null,              -- as entity_states call it
  entity_id uuid not null,
  version integer not null,        -- the state that the event led to
  primary key (tenant, feed, position)
);

alter table feed_lines enable row level security;
alter table feed_lines force row level security;
create policy all_tenants on feed_lines for all to crm_worker using (true) with check (true);
create policy own_tenant on feed_lines for select to crm_api using (tenant = current_setting('crm.tenant', true));
grant select, insert, update, delete on feed_lines to crm_worker;
grant select on feed_lines to crm_api;
