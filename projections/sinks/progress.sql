-- begin -- a group that never ran starts before the first event
insert into watermarks (view_group, topic, partition, position)
select $1, topic, partition, 0 from unnest($2::text[], $3::integer[]) as lanes(topic, partition)
on conflict do nothing;

-- divide -- the watermark of the whole log becomes that of each lane that has none; two owners at once do it once
with whole as (delete from watermarks where view_group = $1 and topic = 'log' returning position)
insert into watermarks (view_group, topic, partition, position)
select $1, topic, partition, coalesce((select position from whole), 0) from unnest($2::text[], $3::integer[]) as lanes(topic, partition)
on conflict do nothing;

-- is_divided -- whether the group is taken forward lane by lane
select exists (select from watermarks where view_group = $1 and topic <> 'log');

-- watermarks -- how far the group is in each of some lanes
select w.topic, w.partition, w.position, w.next_offset
from unnest($2::text[], $3::integer[]) as lanes(topic, partition)
join watermarks w on w.view_group = $1 and w.topic = lanes.topic and w.partition = lanes.partition;

-- move -- the fence: a row less when somebody else has moved one; their locks keep every other owner out until the commit
update watermarks w set position = m.new, next_offset = coalesce(m.next_offset, w.next_offset)
from unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[]) as m(topic, partition, old, new, next_offset)
where w.view_group = $1 and w.topic = m.topic and w.partition = m.partition and w.position = m.old;

-- parked -- which views have stopped at which of these streams
select distinct view, stream from dead_letters where view_group = $1 and stream = any($2::text[]);

-- parked_count -- events that wait for a person
select count(distinct position) from dead_letters where view_group = $1;

-- parked_streams -- those that wait for a person
select distinct stream from dead_letters where view_group = $1;

-- park -- events that a view, or the whole group, has not applied; once, however often they come
insert into dead_letters (view_group, view, tenant, stream, position, type, error)
select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
on conflict (view_group, view, position) do nothing;

-- forget_parked -- some streams begin again
delete from dead_letters where view_group = $1 and stream = any($2::text[]);
