-- How far a group is: the position as of view_position, and the reach, which is where its furthest lane is: nothing that its tables hold is
-- later. With one lane both are the same. One call: a function costs as much as what it reads.
create function view_span(wanted text) returns table (p bigint, reach bigint)
language sql stable security definer set search_path = pg_catalog, public as $$
  select f.p, greatest(f.p, f.furthest)
  from (
    select coalesce(min(case
        when w.topic = 'log' or w.position < r.position then w.position
        else greatest(w.position, whole.position)
      end), 0) as p,
      max(w.position) as furthest
    from public.watermarks w
    left join public.relayed r on r.topic = w.topic and r.partition = w.partition
    left join public.relayed whole on whole.topic = 'log' and whole.partition = 0
    where w.view_group = wanted
  ) f
$$;
revoke all on function view_span(text) from public;
grant execute on function view_span(text) to crm_api, crm_worker;

-- The moments of 0002, with the position that cursors pin. What is answered now comes from the tables of now, where some lanes may be
-- ahead: p says up to where all is in it, and the pages after it must know the rest too. As of a moment only what all lanes have counts,
-- so that the same question has the same answer.
drop function moment_now(timestamptz);
create function moment_now(asked_at timestamptz) returns table (p bigint, t timestamptz, at timestamptz, pin bigint)
language sql stable as $$
  select s.p, 'infinity'::timestamptz, asked_at, s.reach from view_span('postgres') s
$$;

drop function moment_recorded(timestamptz, timestamptz);
create function moment_recorded(wanted timestamptz, asked_at timestamptz)
returns table (p bigint, t timestamptz, at timestamptz, pin bigint) language sql stable as $$
  select f.p, 'infinity'::timestamptz, least(wanted, asked_at), f.p
  from (
    select least(view_position('postgres'), case when wanted <= asked_at - interval '5 seconds' then (
      select min(s.position_from - 1) from entity_states s -- of an expression: by the index on recorded_at, not through all positions
      where s.recorded_at > wanted and s.recorded_at <= interval '5 seconds' + (
        select f.recorded_at from entity_states f where f.recorded_at > wanted order by f.recorded_at limit 1)
    ) end) as p
    offset 0 -- worked out once
  ) f
$$;

drop function moment_occurred(timestamptz);
create function moment_occurred(wanted timestamptz) returns table (p bigint, t timestamptz, at timestamptz, pin bigint)
language sql stable as $$
  select f.p, wanted, wanted, f.p from (select view_position('postgres') as p offset 0) f
$$;

drop function moment_position(bigint, timestamptz);
create function moment_position(wanted bigint, asked_at timestamptz)
returns table (p bigint, t timestamptz, at timestamptz, pin bigint) language sql stable as $$
  select case when wanted <= view_position('postgres') then wanted end, 'infinity'::timestamptz, coalesce((
    select s.recorded_at from entity_states s where s.position_from <= wanted order by s.position_from desc limit 1), asked_at), wanted
$$;

drop function moment_pinned(bigint, timestamptz, timestamptz);
create function moment_pinned(wanted bigint, wanted_t timestamptz, wanted_at timestamptz)
returns table (p bigint, t timestamptz, at timestamptz, pin bigint) language sql stable as $$
  select case when wanted <= s.reach then wanted end, coalesce(wanted_t, 'infinity'::timestamptz), wanted_at, wanted
  from view_span('postgres') s
$$;

-- The watermarks of a group themselves: what a store that shares no transaction with them must not be behind.
create function group_watermarks(wanted text) returns table (lane text, "position" bigint)
language sql stable security definer set search_path = pg_catalog, public as $$
  select w.topic || '/' || w.partition, w.position from public.watermarks w where w.view_group = wanted
$$;
revoke all on function group_watermarks(text) from public;
grant execute on function group_watermarks(text) to crm_api, crm_worker;
