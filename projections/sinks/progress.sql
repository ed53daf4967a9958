-- begin -- a group that never ran starts before the first event
insert into watermarks (view_group, topic, partition, position) values ($1, 'log', 0, 0) on conflict do nothing;

-- watermark -- how far the group is
select position from watermarks where view_group = $1 and topic = 'log' and partition = 0;

-- move -- the fence: no row when somebody else has moved the watermark; its lock keeps every other owner out until the commit
update watermarks set position = $3 where view_group = $1 and topic = 'log' and partition = 0 and position = $2;

-- documents -- those that a batch begins with
select d.tenant, d.stream, d.entity_id, d.body
from unnest($2::text[], $3::uuid[]) as wanted(stream, entity_id)
join documents d on d.view_group = $1 and d.stream = wanted.stream and d.entity_id = wanted.entity_id;

-- parked -- which views have stopped at which of these streams
select distinct view, stream from dead_letters where view_group = $1 and stream = any($2::text[]);

-- parked_count -- events that wait for a person
select count(distinct position) from dead_letters where view_group = $1;

-- save_documents -- what the next batch begins with
insert into documents (view_group, tenant, stream, entity_id, body, position)
select $1, * from unnest($2::text[], $3::text[], $4::uuid[], $5::bytea[], $6::bigint[])
on conflict (view_group, stream, entity_id) do update set body = excluded.body, position = excluded.position;

-- park -- events that a view, or the whole group, has not applied; once, however often they come
insert into dead_letters (view_group, view, tenant, stream, position, type, error)
select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
on conflict (view_group, view, position) do nothing;

-- forget_documents -- the group begins again
delete from documents where view_group = $1;

-- forget_parked -- the group begins again
delete from dead_letters where view_group = $1;
