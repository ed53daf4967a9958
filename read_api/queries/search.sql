-- search -- a page of what search_matching finds ($1 to $11 are its arguments), after a place, and what all pages hold
with views as materialized (
  select s.p, s.reach from view_span('postgres') s
), found as materialized (
  select f.kind collate "C" as kind, f.id, f.label collate "C" as label, f.match, f.rank, f.owner_id, f.pipeline_id, f.stage_id
  from search_matching($1::text, $2::text[], $3::text[], $4::text[], $5::text, $6::jsonb, $7::text[], $8::uuid, $9::uuid,
    coalesce($10::bigint, (select reach from views)), $11::integer) f
), page as (
  select f.* from found f
  where $12::integer is null or f.rank < $12 or (f.rank = $12 and (f.label, f.kind, f.id) > ($13::text, $14::text, $15::uuid))
  order by f.rank desc, f.label, f.kind, f.id
  limit $16::integer
), hits as (
  select p.kind, p.id, p.label, p.match, p.rank, e.name, e.archived, e.merged_into_id, e.texts
  from page p join search_entries e on e.tenant = current_setting('crm.tenant') and e.kind = p.kind and e.id = p.id
)
select (select p from views) as position, (select reach from views) as reach,
  (select count(*) from found) as total,
  (select coalesce(jsonb_agg(h order by h.rank desc, h.label, h.kind, h.id), '[]') from hits h)::text as hits,
  (select coalesce(jsonb_agg(k order by k.count desc, k.kind), '[]')
    from (select kind, count(*) from found group by kind) k)::text as kinds,
  (select coalesce(jsonb_agg(o order by o.count desc, o.owner_id), '[]')
    from (select owner_id, count(*) from found where owner_id is not null group by owner_id
      order by count(*) desc, owner_id limit 50) o)::text as owners,
  (select coalesce(jsonb_agg(s order by s.count desc, s.stage_id, s.pipeline_id), '[]')
    from (select pipeline_id, stage_id, count(*) from found where stage_id is not null group by pipeline_id, stage_id
      order by count(*) desc, stage_id, pipeline_id limit 50) s)::text as stages
