-- feed -- The newest events of some feeds, the last one first; the tenant is the transaction's.
select l.feed, l.position, t.type, t.occurred_at, t.actor, l.kind, l.entity_id as id, s.doc->>'name' as name, t.data
from unnest($1::text[]) as wanted(feed)
cross join lateral (
  select f.feed, f.position, f.kind, f.entity_id, f.version
  from feed_lines f
  where f.tenant = current_setting('crm.tenant') and f.feed = wanted.feed
  order by f.position desc
  limit $2
) l
join entity_timeline t on t.tenant = current_setting('crm.tenant') and t.entity_id = l.entity_id and t.position = l.position
left join entity_states s on s.tenant = current_setting('crm.tenant') and s.kind = l.kind and s.id = l.entity_id and s.version = l.version
order by l.feed, l.position desc
