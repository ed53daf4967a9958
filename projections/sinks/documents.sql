-- load -- those that a batch begins with
select d.tenant, d.stream, d.entity_id, d.body
from unnest($2::text[], $3::uuid[]) as wanted(stream, entity_id)
join documents d on d.view_group = $1 and d.stream = wanted.stream and d.entity_id = wanted.entity_id;

-- save -- what the next batch begins with
insert into documents (view_group, tenant, stream, entity_id, body, position)
select $1, * from unnest($2::text[], $3::text[], $4::uuid[], $5::bytea[], $6::bigint[])
on conflict (view_group, stream, entity_id) do update set body = excluded.body, position = excluded.position;

-- streams -- whose documents are kept
select distinct stream from documents where view_group = $1;

-- forget -- some streams begin again
delete from documents where view_group = $1 and stream = any($2::text[]);

-- forget_all -- the group begins again
delete from documents where view_group = $1;
