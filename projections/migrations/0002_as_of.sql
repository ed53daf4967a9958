-- The lists as of a moment (position p, occurred t). For "recorded" ask t = 'infinity'; for "occurred" ask p = the head at which the
-- question is pinned. Every function here is inlined by the planner (plain SQL, stable, not strict, no SECURITY DEFINER): row security, filters
-- and orders reach entity_states and its indexes. They name their columns themselves, so that a new generation of a table can take its place.

-- What a state points at, typed: row security keeps expressions over doc away from indexes, since they are not leakproof.
alter table entity_states add column link_id uuid generated always as (
  case kind
    when 'deal' then (doc->>'account_id')::uuid
    when 'account_parent' then (doc->>'parent_id')::uuid
    when 'user' then (doc->>'team_id')::uuid
  end) stored;
create index entity_states_link on entity_states (tenant, kind, link_id) where link_id is not null;

-- An instant of the recorded clock -> a position, and back, without a look at the table.
drop index entity_states_recorded;
create index entity_states_recorded on entity_states (tenant, recorded_at, position_from);
create index entity_states_position on entity_states (tenant, position_from, recorded_at);

-- Whether a state holds at (p, t). With early, an entity that is not yet valid then answers with its first state: for joins.
create function holds(
  version integer, position_from bigint, position_to bigint, occurred_from timestamptz, occurred_to timestamptz,
  p bigint, t timestamptz, early boolean
) returns boolean language sql immutable as $$
  select (position_from <= p and occurred_from <= t and (position_to > p or occurred_to > t))
    or (early and version = 1 and (position_from > p or occurred_from > t))
$$;

create function accounts_now() returns table (
  id uuid, name text, sector text, year_established integer, revenue_minor bigint, revenue_currency text, employees integer,
  location text, territory text, owner_id uuid, archived boolean, opened_at timestamptz, version integer, parent_id uuid
) language sql stable as $$
  select a.id, a.name, a.sector, a.year_established, a.revenue_minor, a.revenue_currency, a.employees,
    a.location, a.territory, a.owner_id, a.archived, a.opened_at, a.version, h.parent_id
  from account_list a left join account_tree h on h.tenant = a.tenant and h.account_id = a.id
$$;

create function deals_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, name text, pipeline_id uuid, stage_id uuid, status text, amount_minor bigint, currency text, account_id uuid, owner_id uuid,
  product_id uuid, expected_close date, opened_at timestamptz, closed_at timestamptz, stage_entered_at timestamptz,
  loss_reason text, loss_detail text, version integer
) language sql stable as $$
  select s.id, s.sort_name, (s.doc->>'pipeline_id')::uuid, (s.doc->>'stage_id')::uuid, s.doc->>'status', s.sort_amount,
    s.doc->>'currency', s.link_id, (s.doc->>'owner_id')::uuid, (s.doc->>'product_id')::uuid, s.sort_date, s.sort_at,
    (s.doc->>'closed_at')::timestamptz, (s.doc->>'stage_entered_at')::timestamptz, s.doc->>'loss_reason', s.doc->>'loss_detail',
    (s.doc->>'version')::integer
  from entity_states s
  where s.kind = 'deal' and (early or s.sort_at <= t) -- implied; lets the index on sort_at start there
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

-- A deal's stays in stages, from the first state of each stay that had begun at the moment.
create function stays_as_of(deal uuid, p bigint, t timestamptz) returns table (
  deal_id uuid, entry integer, pipeline_id uuid, stage_id uuid, entered_at timestamptz, left_at timestamptz
) language sql stable as $$
  select first.id, first.entry, first.pipeline_id, first.stage_id, first.entered_at,
    lead(first.entered_at) over (order by first.entry)
  from (
    select distinct on ((s.doc->>'stays')::integer) s.id, (s.doc->>'stays')::integer as entry, (s.doc->>'pipeline_id')::uuid as pipeline_id,
      (s.doc->>'stage_id')::uuid as stage_id, (s.doc->>'stage_entered_at')::timestamptz as entered_at
    from entity_states s
    where s.kind = 'deal' and s.id = deal and s.position_from <= p and s.occurred_from <= t
    order by (s.doc->>'stays')::integer, s.version
  ) first
$$;

-- An account's own stream says all but its parent; the tenant's hierarchy stream says that.
create function accounts_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, name text, sector text, year_established integer, revenue_minor bigint, revenue_currency text, employees integer,
  location text, territory text, owner_id uuid, archived boolean, opened_at timestamptz, version integer, parent_id uuid
) language sql stable as $$
  select s.id, s.sort_name, s.doc->>'sector', (s.doc->>'year_established')::integer, (s.doc->>'revenue_minor')::bigint,
    s.doc->>'revenue_currency', (s.doc->>'employees')::integer, s.doc->>'location', s.doc->>'territory', (s.doc->>'owner_id')::uuid,
    (s.doc->>'archived')::boolean, s.sort_at, (s.doc->>'version')::integer, h.link_id
  from entity_states s
  left join entity_states h on h.tenant = s.tenant and h.kind = 'account_parent' and h.id = s.id
    and holds(h.version, h.position_from, h.position_to, h.occurred_from, h.occurred_to, p, t, false)
  where s.kind = 'account'
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

create function pipelines_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, name text, currency text, defined_at timestamptz, version integer
) language sql stable as $$
  select s.id, s.sort_name, s.doc->>'currency', s.sort_at, (s.doc->>'version')::integer
  from entity_states s
  where s.kind = 'pipeline'
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

-- Stages live in their pipeline's states. With early, a stage that was added later is taken from the first state that has it.
create function stages_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, pipeline_id uuid, name text, probability integer, category text, rank integer, retired boolean
) language sql stable as $$
  select (g.stage->>'id')::uuid, s.id, g.stage->>'name', (g.stage->>'probability')::integer, g.stage->>'category',
    (g.stage->>'rank')::integer, (g.stage->>'retired')::boolean
  from entity_states s cross join lateral jsonb_array_elements(s.doc->'stages') g (stage)
  where s.kind = 'pipeline' and (
    holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, false)
    or (early and (s.position_from > p or s.occurred_from > t) and not exists (
      select from entity_states e
      where e.tenant = s.tenant and e.kind = 'pipeline' and e.id = s.id and e.version = s.version - 1
        and e.doc->'stages' @> jsonb_build_array(jsonb_build_object('id', g.stage->>'id')))))
$$;

-- One stage, for joins: as stages_as_of early, without a look at every pipeline.
create function stage_as_of(in_pipeline uuid, wanted uuid, p bigint, t timestamptz) returns table (
  id uuid, pipeline_id uuid, name text, probability integer, category text, rank integer, retired boolean
) language sql stable as $$
  select wanted, in_pipeline, f.stage->>'name', (f.stage->>'probability')::integer, f.stage->>'category', (f.stage->>'rank')::integer,
    (f.stage->>'retired')::boolean
  from (
    select g.stage from entity_states s cross join lateral jsonb_array_elements(s.doc->'stages') g (stage)
    where s.kind = 'pipeline' and s.id = in_pipeline and g.stage->>'id' = wanted::text
      and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, false)
    union all (
      select g.stage from entity_states s cross join lateral jsonb_array_elements(s.doc->'stages') g (stage)
      where s.kind = 'pipeline' and s.id = in_pipeline and g.stage->>'id' = wanted::text and not exists (
        select from entity_states e
        where e.kind = 'pipeline' and e.id = in_pipeline and e.position_from <= p and e.occurred_from <= t
          and e.doc->'stages' @> jsonb_build_array(jsonb_build_object('id', wanted)))
      order by s.version limit 1)
    limit 1
  ) f
$$;

create function products_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, name text, series text, price_minor bigint, currency text, retired boolean, listed_at timestamptz, version integer
) language sql stable as $$
  select s.id, s.sort_name, s.doc->>'series', (s.doc->>'price_minor')::bigint, s.doc->>'currency', (s.doc->>'retired')::boolean,
    s.sort_at, (s.doc->>'version')::integer
  from entity_states s
  where s.kind = 'product'
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

create function teams_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, name text, region text, manager_id uuid, created_at timestamptz, version integer
) language sql stable as $$
  select s.id, s.sort_name, s.doc->>'region', (s.doc->>'manager_id')::uuid, s.sort_at, (s.doc->>'version')::integer
  from entity_states s
  where s.kind = 'team'
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

create function users_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, name text, region text, team_id uuid, manager_id uuid, created_at timestamptz, version integer
) language sql stable as $$
  select s.id, s.sort_name, s.doc->>'region', s.link_id, (s.doc->>'manager_id')::uuid, s.sort_at, (s.doc->>'version')::integer
  from entity_states s
  where s.kind = 'user'
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

-- A moment: where a question is pinned, and the instant from which ages count. p is null when the position lies beyond what is there.
create function moment_now(asked_at timestamptz) returns table (p bigint, t timestamptz, at timestamptz) language sql stable as $$
  select view_position('postgres'), 'infinity'::timestamptz, asked_at
$$;

-- Just before the first position that the tenant recorded later. The clocks of several writers may differ by up to 5 seconds: among
-- what was recorded that soon after the instant, the lowest position counts; nothing is decided about the last 5 seconds.
create function moment_recorded(wanted timestamptz, asked_at timestamptz) returns table (p bigint, t timestamptz, at timestamptz)
language sql stable as $$
  select case when wanted > asked_at - interval '5 seconds' then view_position('postgres') else coalesce((
      select min(s.position_from - 1) from entity_states s -- of an expression: by the index on recorded_at, not through all positions
      where s.recorded_at > wanted and s.recorded_at <= interval '5 seconds' + (
        select f.recorded_at from entity_states f where f.recorded_at > wanted order by f.recorded_at limit 1)
    ), view_position('postgres')) end,
    'infinity'::timestamptz, least(wanted, asked_at)
$$;

create function moment_occurred(wanted timestamptz) returns table (p bigint, t timestamptz, at timestamptz) language sql stable as $$
  select view_position('postgres'), wanted, wanted
$$;

-- The instant of a position is when the tenant's last event up to it was recorded.
create function moment_position(wanted bigint, asked_at timestamptz) returns table (p bigint, t timestamptz, at timestamptz)
language sql stable as $$
  select case when wanted <= view_position('postgres') then wanted end, 'infinity'::timestamptz, coalesce((
    select s.recorded_at from entity_states s where s.position_from <= wanted order by s.position_from desc limit 1), asked_at)
$$;

-- As a cursor pinned it; no t means for ever.
create function moment_pinned(wanted bigint, wanted_t timestamptz, wanted_at timestamptz)
returns table (p bigint, t timestamptz, at timestamptz) language sql stable as $$
  select case when wanted <= view_position('postgres') then wanted end, coalesce(wanted_t, 'infinity'::timestamptz), wanted_at
$$;
