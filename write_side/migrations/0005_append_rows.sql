-- What a call brings of each event: a row of one type is sent, read and stored with less work than a column of arrays each.
create type log_event as (
  tenant text collate "C",
  stream text collate "C",
  stream_version integer,
  entity_id uuid,
  event_id uuid,
  command_id uuid,
  type text collate "C",
  recorded_at timestamptz,
  metadata bytea,
  data bytea,
  hash bytea,
  subject_id uuid
);

-- Appending: one call stores the commands that wait (group commit). A command is all or nothing, and a conflict in one never
-- touches another. A command is the events of one stream, at most one command per stream in a call, in their order.
-- An event brings its version, since its hash covers it: the first of a command has expected + 1, the next expected + 2.
-- READ COMMITTED is required: the first statement waits for the counter, so the next one's snapshot has all that is in the log.
-- `beginning`: all these streams are to begin, so none is looked up. If one exists after all, that is a unique violation, which stores
-- nothing, and the same call without `beginning` finds out whose it is.
-- `personal`: some events have a subject. One whose key is gone (the caller had it from before) fails the call with CRM01: what
-- would be stored could never be read.
-- Answers with the head before this call; and, null when all commands were accepted, for each command null or, when it was
-- refused, the version that its stream was found at.
drop function append_events(
  text[], integer[], integer[], text[], text[], integer[], uuid[], uuid[], uuid[], text[], timestamptz[], bytea[], bytea[], bytea[],
  uuid[], boolean);

create function append_events(events log_event[], beginning boolean, personal boolean)
returns table (head bigint, refused integer[]) language plpgsql volatile as $$
#variable_conflict use_column
declare
  streams text[];  -- of each command
begin
  update log_head set position = position + cardinality(events) returning position - cardinality(events) into head;

  -- After the counter is ours: an erasure whose own event is in the log already is seen here.
  if personal and exists (
    select from unnest(events) as n
    where n.subject_id is not null
      and (select salt from subject_keys k where k.tenant = n.tenant and k.subject_id = n.subject_id) is null)
  then
    raise exception 'personal data of somebody whose key is gone' using errcode = 'CRM01';
  end if;

  -- One index lookup for each stream and each event id, whatever the planner believes about the table's size. An id is made
  -- of its stream's name among others, so the ids of a stream that is only beginning need no lookup.
  if not beginning then
    select array_agg(stream order by place), array_agg(case when version <> expected or repeated then version end order by place)
    from (
      select stream, min(stream_version) - 1 as expected, min(ordinality) as place,
        bool_or(stream_version > 1 and (select true from log_events e where e.event_id = n.event_id limit 1)) as repeated,
        coalesce((select stream_version from log_events e where e.stream = n.stream order by stream_version desc limit 1), 0)
          as version
      from unnest(events) with ordinality as n
      group by stream) as command
    into streams, refused;

    if cardinality(array_remove(refused, null)) = 0 then
      refused := null;
    else
      events := array(
        select events[i] from generate_series(1, cardinality(events)) as i
        join unnest(streams, refused) as command(stream, version) on command.stream = (events[i]).stream
        where version is null
        order by i);
      update log_head set position = head + cardinality(events);
    end if;
  end if;

  insert into log_events (
    position, tenant, stream, stream_version, entity_id, event_id, command_id, type, recorded_at, metadata, data, hash,
    subject_id)
  select
    head + ordinality, tenant, stream, stream_version, entity_id, event_id, command_id, type, recorded_at, metadata, data, hash,
    subject_id
  from unnest(events) with ordinality;
  return next;
end $$;

revoke all on function append_events(log_event[], boolean, boolean) from public;
grant execute on function append_events(log_event[], boolean, boolean) to crm_append;
