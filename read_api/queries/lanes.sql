-- lanes -- How far the views of a group are in each of some lanes; in the whole log: where the last lane is.
select lane.topic, lane.partition,
  case when lane.topic = 'log' then view_position($1) else lane_position($1, lane.topic, lane.partition) end as position
from unnest($2::text[], $3::integer[]) as lane(topic, partition)
