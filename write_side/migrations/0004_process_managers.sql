-- Process managers: how far each has come, and what the merging one remembers of the log. All of it follows from the log.
create table process_checkpoints (
  process text collate "C" primary key,
  position bigint not null check (position >= 0)
);
grant select, insert, update on process_checkpoints to crm_append;
grant select on process_checkpoints to crm_worker;

create table process_links (
  tenant text collate "C" not null,
  relation text collate "C" not null,
  from_id uuid not null,
  to_id uuid not null,
  primary key (tenant, relation, from_id, to_id)
);
create index process_links_to on process_links (tenant, relation, to_id);

create table process_merged (
  tenant text collate "C" not null,
  kind text collate "C" not null,
  entity_id uuid not null,
  into_id uuid not null,
  primary key (tenant, kind, entity_id)
);

-- Nobody but the process reads them, and it serves all tenants.
alter table process_links enable row level security;
alter table process_links force row level security;
create policy all_tenants on process_links for all to crm_append using (true) with check (true);
grant select, insert, delete on process_links to crm_append;
alter table process_merged enable row level security;
alter table process_merged force row level security;
create policy all_tenants on process_merged for all to crm_append using (true) with check (true);
grant select, insert on process_merged to crm_append;
