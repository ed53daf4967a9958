-- 30,000 deals of 4 versions, 3,000 users, 5,000 accounts with parents, a few teams, products and pipelines; tenant demo.
create function an_id(n bigint) returns uuid language sql immutable as $$
  select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
$$;
insert into entity_states (tenant, kind, id, version, position_from, position_to, recorded_at, occurred_from, occurred_to, doc, sort_name,
  sort_amount, sort_at, sort_date)
select 'demo', k.kind, an_id(n), v, n * 4 + v, case when v < k.versions then n * 4 + v + 1 else 9223372036854775807 end,
  timestamptz '2026-01-01' + (n * 4 + v) * interval '1 minute', timestamptz '2026-01-01' + (n * 4 + v) * interval '1 minute',
  case when v < k.versions then timestamptz '2026-01-01' + (n * 4 + v + 1) * interval '1 minute' else 'infinity' end,
  jsonb_build_object('id', an_id(n), 'name', k.kind || n, 'version', v, 'stays', v, 'status', 'open', 'currency', 'USD',
    'pipeline_id', an_id(n % 3 + 1), 'stage_id', an_id(n % 5 + 1), 'stage_entered_at', '2026-01-01T00:00:00Z',
    'account_id', an_id(n % 5000 + 1), 'owner_id', an_id(n % 3000 + 1), 'product_id', an_id(n % 50 + 1), 'team_id', an_id(n % 100 + 1),
    'manager_id', an_id(n % 10 + 1), 'parent_id', an_id(n / 3 + 1), 'archived', false, 'retired', false, 'price_minor', 1)
    || case when k.kind = 'pipeline' then jsonb_build_object('stages', (select jsonb_agg(jsonb_build_object('id', an_id(s), 'name', 'stage' || s,
      'probability', 10, 'category', 'open', 'rank', s, 'retired', false)) from generate_series(1, 5) s)) else '{}' end,
  k.kind || n, n % 1000, timestamptz '2026-01-01' + n * 4 * interval '1 minute', null
from (values ('deal', 30000, 4), ('user', 3000, 2), ('account', 5000, 2), ('account_parent', 5000, 2), ('team', 100, 1), ('product', 50, 1),
  ('pipeline', 3, 4)) k (kind, entities, versions)
cross join lateral generate_series(1, k.entities) n cross join lateral generate_series(1, k.versions) v;
insert into watermarks values ('postgres', 'log', 0, 200000);
