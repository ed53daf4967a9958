-- After many_states.sql: 30,000 deals, 10,000 contacts of two accounts each, 10,000 leads, 20,000 activities about a contact and an account each,
-- as tables of now, states and their links, and 190,000 timeline lines.
create temporary table people (kind text, n bigint, id uuid, v integer, versions integer, links uuid[], doc jsonb);
insert into people
select k.kind, n, an_id(k.base + n), v, 2, case k.kind
    when 'contact' then array[an_id(n % 5000 + 1), an_id(n % 4999 + 1)]
    when 'activity' then array[an_id(2000000 + n % 10000 + 1), an_id(n % 5000 + 1)] end,
  jsonb_build_object('id', an_id(k.base + n), 'name', k.kind || n, 'version', v, 'owner_id', an_id(n % 3000 + 1), 'status',
      case k.kind when 'lead' then 'new' else 'open' end, 'kind', 'task', 'source', 'source' || n % 20, 'due_at', '2026-02-01T00:00:00Z')
    || case k.kind
      when 'contact' then jsonb_build_object('accounts', jsonb_build_array(
        jsonb_build_object('account_id', an_id(n % 5000 + 1), 'role', null, 'since', '2026-01-01T00:00:00Z'),
        jsonb_build_object('account_id', an_id(n % 4999 + 1), 'role', 'x', 'since', '2026-01-01T00:00:00Z')))
      when 'activity' then jsonb_build_object('related', jsonb_build_array(
        jsonb_build_object('kind', 'contact', 'id', an_id(2000000 + n % 10000 + 1)), jsonb_build_object('kind', 'account', 'id', an_id(n % 5000 + 1))))
      else '{}' end
from (values ('lead', 1000000, 10000), ('contact', 2000000, 10000), ('activity', 3000000, 20000)) k (kind, base, entities)
cross join lateral generate_series(1, k.entities) n cross join lateral generate_series(1, 2) v;

insert into entity_states (tenant, kind, id, version, position_from, position_to, recorded_at, occurred_from, occurred_to, doc, sort_name,
  sort_amount, sort_at)
select 'demo', kind, id, v, n * 4 + v, case when v < 2 then n * 4 + 2 else 9223372036854775807 end,
  timestamptz '2026-01-01' + (n * 4 + v) * interval '1 minute', timestamptz '2026-01-01' + (n * 4 + v) * interval '1 minute',
  case when v < 2 then timestamptz '2026-01-01' + (n * 4 + 2) * interval '1 minute' else 'infinity' end,
  doc, kind || n, n % 100, timestamptz '2026-01-01' + n * 4 * interval '1 minute'
from people;
insert into entity_links (tenant, kind, id, version, link_id)
select distinct 'demo', kind, id, v, link from people cross join lateral unnest(links) link;

insert into account_list (tenant, id, name, archived, opened_at, version, position)
select 'demo', an_id(n), 'account' || n, false, '2026-01-01', 2, n from generate_series(1, 5000) n;
insert into deal_board (tenant, id, name, pipeline_id, stage_id, status, amount_minor, currency, account_id, opened_at, stage_entered_at, version, position)
select 'demo', an_id(n), 'deal' || n, an_id(1), an_id(1), 'open', 1, 'USD', an_id(n % 5000 + 1), '2026-01-01', '2026-01-01', 4, n
from generate_series(1, 30000) n;
insert into contact_list (tenant, id, name, attributes, archived, created_at, version, position)
select 'demo', id, 'contact' || n, '[]', false, '2026-01-01', 2, n from people where kind = 'contact' and v = 2;
insert into contact_accounts (tenant, contact_id, account_id, since)
select distinct 'demo', id, link, timestamptz '2026-01-01' from people cross join lateral unnest(links) link where kind = 'contact' and v = 2;
insert into lead_list (tenant, id, name, attributes, status, score_reasons, archived, captured_at, version, position)
select 'demo', id, 'lead' || n, '[]', 'new', '[]', false, timestamptz '2026-01-01' + n * interval '1 minute', 2, n from people where kind = 'lead' and v = 2;
insert into activity_list (tenant, id, name, kind, status, owner_id, due_at, created_at, version, position)
select 'demo', id, 'activity' || n, 'task', case when n % 4 = 0 then 'open' else 'done' end, an_id(n % 3000 + 1),
  timestamptz '2026-01-01' + n * interval '1 minute', timestamptz '2026-01-01' + n * interval '1 minute', 2, n
from people where kind = 'activity' and v = 2;
insert into activity_related (tenant, activity_id, kind, entity_id)
select 'demo', id, r.kind, links[r.place] from people cross join (values ('contact', 1), ('account', 2)) r (kind, place) where people.kind = 'activity' and v = 2;
insert into entity_timeline (tenant, entity_id, position, stream, stream_version, type, occurred_at, recorded_at, actor, data)
select 'demo', id, row_number() over (order by n, v), kind || '-demo~' || id, v, kind || '.changed',
  timestamptz '2026-01-01' + n * interval '1 minute', timestamptz '2026-01-01' + n * interval '1 minute', 'someone', '{}'::jsonb
from people
union all
select 'demo', an_id(n), 80000 + n * 4 + v, 'deal-demo~' || an_id(n), v, 'deal.changed', '2026-01-01', '2026-01-01', 'someone', '{}'::jsonb
from generate_series(1, 30000) n cross join generate_series(1, 3) v;
