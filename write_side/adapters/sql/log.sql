-- The last column of events is the salt of their subject: null where there is no subject or no salt is known, empty where it
-- was thrown away. It is looked up for those alone that have a subject, and never kept: an erasure counts at once.

-- load --
-- Events of one stream, after one version and until another, in order.
select position, tenant, stream, stream_version, entity_id, event_id, command_id, type, recorded_at, metadata, data, hash,
  subject_id, case when subject_id is not null then (
    select coalesce(salt, '') from subject_keys k where k.tenant = e.tenant and k.subject_id = e.subject_id) end
from log_events e
where stream = $1::text and stream_version > $2::integer and stream_version <= $3::integer
order by stream_version

-- load_many --
-- Events of several streams, each after its own version, in order within each.
select e.position, e.tenant, e.stream, e.stream_version, e.entity_id, e.event_id, e.command_id, e.type, e.recorded_at,
  e.metadata, e.data, e.hash, e.subject_id, case when e.subject_id is not null then (
    select coalesce(salt, '') from subject_keys k where k.tenant = e.tenant and k.subject_id = e.subject_id) end
from unnest($1::text[], $2::integer[]) with ordinality as asked(stream, after, ordinal)
cross join lateral (
  select * from log_events l where l.stream = asked.stream and l.stream_version > asked.after order by l.stream_version
) as e
order by asked.ordinal, e.stream_version

-- read_all --
-- Events of the whole log in the order of positions; null filters want everything.
select position, tenant, stream, stream_version, entity_id, event_id, command_id, type, recorded_at, metadata, data, hash,
  subject_id, case when subject_id is not null then (
    select coalesce(salt, '') from subject_keys k where k.tenant = e.tenant and k.subject_id = e.subject_id) end
from log_events e
where position > $1::bigint and position <= $2::bigint
  and ($3::text is null or tenant = $3) and ($4::text[] is null or type = any ($4))
order by position
limit $5::integer

-- read_entity --
-- Events that name one entity of one tenant, whatever their stream, in the order of positions.
select position, tenant, stream, stream_version, entity_id, event_id, command_id, type, recorded_at, metadata, data, hash,
  subject_id, case when subject_id is not null then (
    select coalesce(salt, '') from subject_keys k where k.tenant = e.tenant and k.subject_id = e.subject_id) end
from log_events e
where tenant = $1::text and entity_id = $2::uuid and position > $3::bigint
order by position
limit $4::integer

-- head --
-- The position of the last event, 0 when there is none.
select log_position()

-- bind_tenant --
-- Row-level security shows this tenant's events until the end of the transaction.
select set_config('crm.tenant', $1::text, true)
