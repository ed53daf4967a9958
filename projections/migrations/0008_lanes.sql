-- A view group may be taken forward lane by lane: the partitions of Kafka's topics, each with a watermark of its own.
alter table watermarks add column next_offset bigint check (next_offset >= 0);
grant delete on watermarks to crm_worker;

-- What the relay has published, as the workers learned from its checkpoint: its position ('log', 0), and the last
-- position of each partition up to there. All rows of a checkpoint are written in one transaction, and never go back.
create table relayed (
  topic text not null,
  partition integer not null,
  position bigint not null check (position >= 0),
  primary key (topic, partition)
);
grant select, insert, update on relayed to crm_worker;

-- A lane that has all of what was published of it is as far as the relay: nothing between is in it.
create or replace function view_position(wanted text) returns bigint language sql stable security definer set search_path = pg_catalog, public as $$
  select coalesce(min(case
    when w.topic = 'log' or w.position < r.position then w.position
    else greatest(w.position, whole.position)
  end), 0)
  from public.watermarks w
  left join public.relayed r on r.topic = w.topic and r.partition = w.partition
  left join public.relayed whole on whole.topic = 'log' and whole.partition = 0
  where w.view_group = wanted
$$;

-- The same of one lane: what a reader waits for who knows which streams were written.
create function lane_position(wanted text, wanted_topic text, wanted_partition integer) returns bigint
language sql stable security definer set search_path = pg_catalog, public as $$
  select coalesce(max(case
    when w.topic = 'log' or w.position < r.position then w.position
    else greatest(w.position, whole.position)
  end), 0)
  from public.watermarks w
  left join public.relayed r on r.topic = w.topic and r.partition = w.partition
  left join public.relayed whole on whole.topic = 'log' and whole.partition = 0
  where w.view_group = wanted
    and (w.topic, w.partition) in ((wanted_topic, wanted_partition), ('log', 0))
$$;
revoke all on function lane_position(text, text, integer) from public;
grant execute on function lane_position(text, text, integer) to crm_api, crm_worker;
