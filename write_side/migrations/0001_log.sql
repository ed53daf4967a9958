-- The event log: one counter row, one table. Position is dense and equals commit order (docs/adr).
do $$
declare name text;
begin
  foreach name in array array['crm_owner', 'crm_append', 'crm_api', 'crm_worker', 'crm_search_reader'] loop
    if not exists (select from pg_roles where rolname = name) then
      begin
        execute format('create role %I nologin nosuperuser nobypassrls', name);
      exception when duplicate_object or unique_violation then
        null;  -- roles belong to the cluster: another database's migration was quicker
      end;
    end if;
  end loop;
end $$;

create table log_head (
  only_row boolean primary key default true check (only_row),
  position bigint not null check (position >= 0)
);
insert into log_head (position) values (0);

create table log_events (
  position bigint primary key,
  tenant text collate "C" not null,  -- bytes compare fastest, and in every database alike
  stream text collate "C" not null,
  stream_version integer not null check (stream_version > 0),
  entity_id uuid not null,
  event_id uuid not null unique,
  command_id uuid not null,
  type text collate "C" not null,
  recorded_at timestamptz not null,
  server_recorded_at timestamptz not null default clock_timestamp(),  -- cross-check of recorded_at, never hashed
  metadata bytea not null,
  data bytea not null,
  hash bytea not null check (length(hash) = 32),
  unique (stream, stream_version)
);
create index log_events_entity on log_events (entity_id, position);

-- The log is append-only, for its owner too.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the event log is append-only: % refused', tg_op using errcode = 'insufficient_privilege';
end $$;
create trigger log_events_append_only before update or delete or truncate on log_events
  for each statement execute function refuse_change();

alter table log_events enable row level security;
alter table log_events force row level security;
create policy own_tenant on log_events for select to crm_api
  using (tenant = current_setting('crm.tenant', true));
create policy all_tenants on log_events for all to crm_append using (true) with check (true);
create policy all_tenants_read on log_events for select to crm_worker using (true);
grant select, insert on log_events to crm_append;
grant select, update on log_head to crm_append;
grant select on log_events to crm_worker, crm_api;
grant select on log_head to crm_worker;
