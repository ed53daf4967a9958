-- position --
-- How far a process has come; a process that never ran is at the start of the log.
insert into process_checkpoints as p (process, position) values ($1::text, 0)
on conflict (process) do update set position = p.position
returning position

-- advance --
-- Move a checkpoint that is still where the process left it; no row when another runner was quicker.
update process_checkpoints set position = $3::bigint where process = $1::text and position = $2::bigint returning position

-- clear --
-- All that these refer to in a relation is over.
delete from process_links as l
using unnest($1::text[], $2::text[], $3::uuid[]) as gone(tenant, relation, from_id)
where l.tenant = gone.tenant and l.relation = gone.relation and l.from_id = gone.from_id

-- unlink --
-- These links are over.
delete from process_links as l
using unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[]) as gone(tenant, relation, from_id, to_id)
where l.tenant = gone.tenant and l.relation = gone.relation and l.from_id = gone.from_id and l.to_id = gone.to_id

-- link --
-- These links hold.
insert into process_links (tenant, relation, from_id, to_id)
select * from unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[])
on conflict do nothing

-- merge --
-- These entities go on as others, for good.
insert into process_merged (tenant, kind, entity_id, into_id)
select * from unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[])
on conflict do nothing

-- referring --
-- Who refers to an entity.
select from_id from process_links where tenant = $1::text and relation = $2::text and to_id = $3::uuid order by from_id

-- targets --
-- Whom an entity refers to.
select to_id from process_links where tenant = $1::text and relation = $2::text and from_id = $3::uuid order by to_id

-- merged --
-- All merges of all tenants.
select tenant, kind, entity_id, into_id from process_merged
