-- lanes -- How far the views of a group are in each of some lanes.
select lane.topic, lane.partition, lane_position($1, lane.topic, lane.partition) as position
from unnest($2::text[], $3::integer[]) as lane(topic, partition)
