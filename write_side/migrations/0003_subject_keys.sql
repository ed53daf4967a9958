-- Whose personal data an event carries, and what is needed to open it (docs/envelope.md).
alter table log_events add column subject_id uuid;
create index log_events_subject on log_events (tenant, subject_id) where subject_id is not null;

-- A person's key is HMAC-SHA256 of the salt under a key of the tenant, which is not in any database. A salt that is null was
-- thrown away: nothing that was ever stored about this person can be read any more, wherever a copy of the log may be.
create table subject_keys (
  tenant text collate "C" not null,
  subject_id uuid not null,
  salt bytea check (length(salt) = 32),
  created_at timestamptz not null default clock_timestamp(),
  erased_at timestamptz,
  primary key (tenant, subject_id),
  check ((salt is null) = (erased_at is not null))
);
alter table subject_keys enable row level security;
alter table subject_keys force row level security;
create policy own_tenant on subject_keys for select to crm_api
  using (tenant = current_setting('crm.tenant', true));
create policy all_tenants on subject_keys for select to crm_append, crm_worker using (true);
create policy new_subjects on subject_keys for insert to crm_append with check (salt is not null);
grant select on subject_keys to crm_append, crm_worker, crm_api;
grant insert on subject_keys to crm_append;

-- Appending: one call stores the commands that wait (group commit). A command is all or nothing, and a conflict in one never
-- touches another. At most one command per stream in a call; events come in the order of their commands.
-- An event brings its version, since its hash covers it: the first of a command has expected + 1, the next expected + 2.
-- READ COMMITTED is required: the first statement waits for the counter, so the next one's snapshot has all that is in the log.
-- New here: a stream that is to begin is not looked up. If it exists after all, that is a unique violation, which stores nothing, and
-- the same call with `careful` finds out whose it is.
-- And event_subject, null as a whole where no event has a subject. One whose key is gone (the caller had it from before)
-- fails the call with CRM01: what would be stored could never be read.
-- Answers with the head before this call, each stream's version as it was found, and which commands were accepted (null: all).
drop function append_events(
  text[], integer[], integer[], text[], text[], integer[], uuid[], uuid[], uuid[], text[], timestamptz[], bytea[], bytea[], bytea[]);

create function append_events(
  command_stream text[], command_expected integer[], command_events integer[],
  event_tenant text[], event_stream text[], event_version integer[], event_entity uuid[], event_ids uuid[], event_command uuid[],
  event_type text[], event_recorded_at timestamptz[], event_metadata bytea[], event_data bytea[], event_hash bytea[],
  event_subject uuid[], careful boolean
) returns table (head bigint, versions integer[], accepted boolean[]) language plpgsql volatile as $$
#variable_conflict use_column
declare
  asked integer := cardinality(event_ids);
  repeated boolean;
  positions bigint[];  -- of each event; null when its command is refused
begin
  update log_head set position = position + asked returning position - asked into head;

  -- After the counter is ours: an erasure whose own event is in the log already is seen here.
  if event_subject is not null and exists (
    select from unnest(event_tenant, event_subject) as n(tenant, subject_id)
    where n.subject_id is not null
      and (select salt from subject_keys k where k.tenant = n.tenant and k.subject_id = n.subject_id) is null)
  then
    raise exception 'personal data of somebody whose key is gone' using errcode = 'CRM01';
  end if;

  -- One index lookup for each stream and each event id, whatever the planner believes about the table's size. An id is made
  -- of its stream's name among others, so the ids of a stream that is only beginning need no lookup.
  select
    array(
      select case when expected = 0 and not careful then 0 else coalesce(
        (select stream_version from log_events e where e.stream = c.stream order by stream_version desc limit 1), 0) end
      from unnest(command_stream, command_expected) with ordinality as c(stream, expected, ordinal) order by ordinal),
    exists (
      select from unnest(event_ids, event_version) as n(id, version)
      where n.version > 1 and (select true from log_events e where e.event_id = n.id limit 1))
  into versions, repeated;

  if versions = command_expected and not repeated then
    positions := array(select head + i from generate_series(1, asked) as i);
  else
    accepted := array(
      select version = expected and not exists (
        select from generate_series(upto - events + 1, upto) as i join log_events e on e.event_id = event_ids[i])
      from (
        select *, sum(events) over (order by ordinal) as upto
        from unnest(versions, command_expected, command_events) with ordinality as c(version, expected, events, ordinal)) as command
      order by ordinal);
    positions := array(
      select case when ok then head + count(*) filter (where ok) over (order by ordinal, i) end
      from unnest(accepted, command_events) with ordinality as c(ok, events, ordinal) cross join generate_series(1, events) as i
      order by ordinal, i);
    update log_head set position = head + (select count(stored) from unnest(positions) as stored);
  end if;

  insert into log_events (
    position, tenant, stream, stream_version, entity_id, event_id, command_id, type, recorded_at, metadata, data, hash,
    subject_id)
  select * from unnest(
    positions, event_tenant, event_stream, event_version, event_entity, event_ids, event_command, event_type, event_recorded_at,
    event_metadata, event_data, event_hash, event_subject) as n(position)
  where n.position is not null;
  return next;
end $$;

revoke all on function append_events(
  text[], integer[], integer[], text[], text[], integer[], uuid[], uuid[], uuid[], text[], timestamptz[], bytea[], bytea[], bytea[],
  uuid[], boolean) from public;
grant execute on function append_events(
  text[], integer[], integer[], text[], text[], integer[], uuid[], uuid[], uuid[], text[], timestamptz[], bytea[], bytea[], bytea[],
  uuid[], boolean) to crm_append;
