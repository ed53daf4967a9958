-- progress_lanes -- How far each view group is in each of its lanes, and what was published there (null: nothing, or no relay).
select w.view_group as group, w.topic, w.partition, w.position,
  case when w.topic <> 'log' then published.position end as relayed,
  case
    when w.topic = 'log' or w.position < published.position then w.position
    else greatest(w.position, whole.position)
  end as reached
from watermarks w
left join relayed published on published.topic = w.topic and published.partition = w.partition
left join relayed whole on whole.topic = 'log' and whole.partition = 0
order by w.view_group, w.topic, w.partition
